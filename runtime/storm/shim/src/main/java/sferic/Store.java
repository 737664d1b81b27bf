package sferic;

/** Where blobs are kept. */
interface Store {
    /** Makes a blob; false where there is one already, which stays as it is. Returns when that is certain. */
    boolean create(String key, byte[] data) throws InterruptedException;

    /** One that is gone already is as good. */
    void delete(String key);
}

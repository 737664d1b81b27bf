package sferic;

import java.util.List;

/** Where blobs are kept. What may be interrupted returns when it is done, however long that takes. */
interface Store {
    /** Makes a blob; false where there is one already, which stays as it is. */
    boolean create(String key, byte[] data) throws InterruptedException;

    /** Makes a blob, or gives it other bytes. One that this made and somebody removed stays away. */
    void put(String key, byte[] data) throws InterruptedException;

    /** Gives a blob that is there other bytes; false where there is none. */
    boolean replace(String key, byte[] data) throws InterruptedException;

    /** Its bytes; null where there is none. */
    byte[] fetch(String key) throws InterruptedException;

    /** All keys that begin so. */
    List<String> list(String prefix) throws InterruptedException;

    /** Tries once. True where it was there, and is no more. */
    boolean delete(String key);
}

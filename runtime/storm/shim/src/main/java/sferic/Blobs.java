package sferic;

import java.util.List;
import java.util.Map;
import org.apache.storm.Config;
import org.apache.storm.blobstore.AtomicOutputStream;
import org.apache.storm.blobstore.BlobStoreAclHandler;
import org.apache.storm.blobstore.ClientBlobStore;
import org.apache.storm.generated.AccessControl;
import org.apache.storm.generated.AccessControlType;
import org.apache.storm.generated.KeyAlreadyExistsException;
import org.apache.storm.generated.KeyNotFoundException;
import org.apache.storm.generated.SettableBlobMeta;
import org.apache.storm.utils.Utils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Nimbus' blobstore, from a worker. One call at a time. */
final class Blobs {
    private static final Logger LOG = LoggerFactory.getLogger(Blobs.class);
    private static final long AGAIN_MS = 1000;

    private final Map<String, Object> config;
    private final SettableBlobMeta meta;
    // Guarded by this; null while there is no connection.
    private ClientBlobStore store;

    Blobs(Map<String, Object> config) {
        this.config = config;
        Object user = config.get(Config.TOPOLOGY_SUBMITTER_USER);
        boolean known = user != null && !user.toString().isEmpty();
        AccessControl everybody = new AccessControl(AccessControlType.OTHER, all());
        AccessControl submitter = new AccessControl(AccessControlType.USER, all());
        submitter.set_name(String.valueOf(user));
        meta = new SettableBlobMeta(List.of(known ? submitter : everybody));
    }

    private static int all() {
        return BlobStoreAclHandler.READ | BlobStoreAclHandler.WRITE | BlobStoreAclHandler.ADMIN;
    }

    /** Makes a blob, or gives it other bytes; while Nimbus is away it tries again. */
    synchronized void write(String key, byte[] data) throws InterruptedException {
        for (boolean told = false; !tried(key, data, told); told = true) {
            Thread.sleep(AGAIN_MS);
        }
    }

    private boolean tried(String key, byte[] data, boolean told) {
        try (AtomicOutputStream out = open(key)) {
            out.write(data);
            return true;
        } catch (Exception error) { // Thrift, Nimbus or the network: whatever it was, later it may work
            if (!told) {
                LOG.warn("the blob {} cannot be written yet", key, error);
            }
            leave();
            return false;
        }
    }

    private AtomicOutputStream open(String key) throws Exception {
        try {
            return store().createBlob(key, meta);
        } catch (KeyAlreadyExistsException error) {
            return store().updateBlob(key);
        }
    }

    /** Is there a blob of this key? False, too, while nobody knows. */
    synchronized boolean has(String key) {
        try {
            store().getBlobMeta(key);
            return true;
        } catch (KeyNotFoundException error) {
            return false;
        } catch (Exception error) { // as above
            LOG.debug("Nimbus does not say whether there is a blob {}", key, error);
            leave();
            return false;
        }
    }

    private ClientBlobStore store() {
        if (store == null) {
            store = Utils.getClientBlobStore(config);
        }
        return store;
    }

    private void leave() {
        ClientBlobStore old = store;
        store = null;
        if (old != null) {
            old.close();
        }
    }
}

package sferic;

import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
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

/**
 * Nimbus' blobstore, from a worker. One call at a time. Nimbus logs a stack trace for every blob that is asked for and
 * not there: nobody asks as a habit.
 */
final class Blobs implements Store {
    static final long UNKNOWN = -1;
    private static final Logger LOG = LoggerFactory.getLogger(Blobs.class);
    private static final long AGAIN_MS = 1000;

    /** One try. */
    private interface Call<T> {
        T run(ClientBlobStore store) throws Exception;
    }

    private final Map<String, Object> config;
    private final SettableBlobMeta meta;
    // Guarded by this; null while there is no connection.
    private ClientBlobStore store;
    // Guarded by this: keys that put() knows to be there.
    private final Set<String> there = new HashSet<>();

    Blobs(Map<String, Object> config) {
        this.config = config;
        this.meta = new SettableBlobMeta(List.of(owner(config)));
    }

    /** The submitter, where the cluster knows who that is; else Nimbus would make it everybody, and warn each time. */
    static AccessControl owner(Map<String, Object> config) {
        int all = BlobStoreAclHandler.READ | BlobStoreAclHandler.WRITE | BlobStoreAclHandler.ADMIN;
        Object principal = config.get(Config.TOPOLOGY_SUBMITTER_PRINCIPAL);
        if (principal == null || principal.toString().isEmpty()) {
            return new AccessControl(AccessControlType.OTHER, all);
        }
        AccessControl submitter = new AccessControl(AccessControlType.USER, all);
        submitter.set_name(String.valueOf(config.get(Config.TOPOLOGY_SUBMITTER_USER)));
        return submitter;
    }

    /** While Nimbus is away it tries again. */
    @Override
    public synchronized boolean create(String key, byte[] data) throws InterruptedException {
        AtomicBoolean tried = new AtomicBoolean();
        return insist("create", key, blobs -> {
            boolean again = tried.getAndSet(true);
            try (AtomicOutputStream out = blobs.createBlob(key, meta)) {
                out.write(data);
                return true;
            } catch (KeyAlreadyExistsException error) {
                if (again && data.length > 0) {
                    update(blobs, key, data); // what broke off may have left it half
                }
                return again;
            }
        });
    }

    @Override
    public synchronized void put(String key, byte[] data) throws InterruptedException {
        if (!there.contains(key)) {
            boolean made = create(key, data);
            there.add(key);
            if (made) {
                return;
            }
        }
        if (!replace(key, data)) {
            LOG.info("{} was removed: the topology is being killed", key);
        }
    }

    @Override
    public synchronized boolean replace(String key, byte[] data) throws InterruptedException {
        return insist("update", key, blobs -> {
            try {
                update(blobs, key, data);
                return true;
            } catch (KeyNotFoundException error) {
                return false;
            }
        });
    }

    private static void update(ClientBlobStore blobs, String key, byte[] data) throws Exception {
        try (AtomicOutputStream out = blobs.updateBlob(key)) {
            out.write(data);
        }
    }

    /** When it was changed last, in no particular unit; UNKNOWN while nobody says. */
    synchronized long version(String key) {
        Long version = attempt("look at", key, blobs -> blobs.getBlobMeta(key).get_version(), true);
        return version == null ? UNKNOWN : version;
    }

    /** Its bytes; none while there are none to be had. */
    synchronized byte[] read(String key) {
        byte[] data = attempt("read", key, blobs -> {
            try (InputStream in = blobs.getBlob(key)) {
                return in.readAllBytes();
            }
        }, true);
        return data == null ? new byte[0] : data;
    }

    @Override
    public synchronized byte[] fetch(String key) throws InterruptedException {
        return insist("read", key, blobs -> {
            try (InputStream in = blobs.getBlob(key)) {
                return Optional.of(in.readAllBytes());
            } catch (KeyNotFoundException error) {
                return Optional.<byte[]>empty();
            }
        }).orElse(null);
    }

    @Override
    public synchronized boolean delete(String key) {
        return Boolean.TRUE.equals(attempt("delete", key, blobs -> {
            try {
                blobs.deleteBlob(key);
                return true;
            } catch (KeyNotFoundException error) {
                LOG.debug("somebody has fetched {}", key);
                return false;
            }
        }, true));
    }

    @Override
    public synchronized List<String> list(String prefix) throws InterruptedException {
        return insist("list", prefix, blobs -> {
            List<String> keys = new ArrayList<>();
            blobs.listKeys().forEachRemaining(key -> {
                if (key.startsWith(prefix)) {
                    keys.add(key);
                }
            });
            return keys;
        });
    }

    private <T> T insist(String what, String key, Call<T> call) throws InterruptedException {
        T done = attempt(what, key, call, false);
        while (done == null) {
            Thread.sleep(AGAIN_MS);
            done = attempt(what, key, call, true);
        }
        return done;
    }

    private <T> T attempt(String what, String key, Call<T> call, boolean quiet) {
        try {
            if (store == null) {
                store = Utils.getClientBlobStore(config);
            }
            return call.run(store);
        } catch (Exception error) { // Thrift, Nimbus or the network: whatever it was, later it may work
            if (quiet) {
                LOG.debug("cannot {} the blob {} now", what, key, error);
            } else {
                LOG.warn("cannot {} the blob {} now", what, key, error);
            }
            ClientBlobStore old = store;
            store = null;
            if (old != null) {
                old.close();
            }
            return null;
        }
    }
}

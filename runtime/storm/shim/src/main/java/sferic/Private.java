package sferic;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Map;
import java.util.Set;
import org.apache.storm.Config;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a supervisor unpacks for a topology (the workflow's files and parameters, what is packed, the jar) is made as the
 * umask of the supervisor says: here it becomes the user's own.
 */
final class Private {
    private static final Logger LOG = LoggerFactory.getLogger(Private.class);
    private static final Set<PosixFilePermission> OTHERS = Set.of(PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE, PosixFilePermission.OTHERS_EXECUTE);
    private static final Set<PosixFilePermission> GROUP = Set.of(PosixFilePermission.GROUP_READ,
            PosixFilePermission.GROUP_WRITE, PosixFilePermission.GROUP_EXECUTE);

    private Private() {}

    /** `code`: where its jar's files are, in a folder that is named after the topology. */
    static void keep(Path code, String topology, Map<String, Object> config) {
        Path folder = code.getParent();
        if (folder == null || !folder.endsWith(topology)) {
            return; // not laid out as on a cluster: not ours to change
        }
        try {
            Set<PosixFilePermission> now = Files.getPosixFilePermissions(folder);
            boolean changed = now.removeAll(OTHERS);
            if (!Boolean.TRUE.equals(config.get(Config.SUPERVISOR_RUN_WORKER_AS_USER))) {
                changed |= now.removeAll(GROUP); // else the supervisor, another user, is in this group
            }
            if (changed) {
                Files.setPosixFilePermissions(folder, now);
            }
        } catch (IOException | UnsupportedOperationException error) {
            LOG.warn("{} stays open to others: {}", folder, error.toString());
        }
    }
}

package sferic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.Map;
import org.apache.storm.generated.AccessControl;
import org.apache.storm.generated.AccessControlType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecurityTest {
    @TempDir
    Path folder;

    private String mode() throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("t-1-2")));
    }

    private Path unpacked(String mode) throws IOException {
        Path own = Files.createDirectory(folder.resolve("t-1-2"));
        Files.setPosixFilePermissions(own, PosixFilePermissions.fromString(mode));
        return Files.createDirectory(own.resolve("resources"));
    }

    @Test
    void whatIsUnpackedIsTheUsersOwn() throws IOException {
        Private.keep(unpacked("rwxr-xr-x"), "t-1-2", Map.of());
        assertEquals("rwx------", mode());
    }

    @Test
    void theSupervisorsGroupStaysWhereItIsAnotherUser() throws IOException {
        Private.keep(unpacked("rwxrwxr-x"), "t-1-2", Map.of("supervisor.run.worker.as.user", true));
        assertEquals("rwxrwx---", mode());
    }

    @Test
    void aFolderOfAnotherNameIsLeftAlone() throws IOException {
        Private.keep(unpacked("rwxr-xr-x"), "t-1-3", Map.of());
        assertEquals("rwxr-xr-x", mode());
    }

    @Test
    void theKeyComesWithTheCredentials() {
        Map<String, Object> config = Map.of("a", 1);
        assertSame(config, Secrets.in(config, null));
        assertSame(config, Secrets.in(config, Map.of("of somebody else", "x")));
        assertEquals(Map.of("a", 1, "sferic.key", "k"), Secrets.in(config, Map.of("sferic.key", "k")));
    }

    @Test
    void aKeyIsMadeForATopologyThatWantsOne() {
        assertEquals(Map.of(), Secrets.made(Map.of()));
        String key = Secrets.made(Map.of("sferic.trusted", true)).get("sferic.key");
        assertEquals(32, Base64.getDecoder().decode(key).length);
        assertNotEquals(key, Secrets.made(Map.of("sferic.trusted", true)).get("sferic.key"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"worker.childopts", "topology.worker.childopts", "topology.classpath",
        "topology.environment", "topology.auto.task.hooks", "topology.kryo.register", "topology.blobstore.map",
        "topology.metrics.consumer.register", "topology.scheduler.strategy", "topology.bolt.wait.strategy",
        "storm.topology.submission.notifier.plugin.class", "java.library.path", "nimbus.seeds"})
    void aJarBringsNoSettingsThatRunSomething(String name) {
        assertEquals(name, Harmless.refused(Map.of(name, "-javaagent:x", "sferic.python", "python3")));
    }

    @Test
    void aJarMayBringNumbersAndWhatSfericWrites() {
        assertNull(Harmless.refused(Map.of("topology.workers", 2, "sferic.env", Map.of(),
                "topology.bolt.wait.strategy", "org.apache.storm.policy.WaitStrategyPark",
                "topology.fall.back.on.java.serialization", false)));
        assertEquals("topology.fall.back.on.java.serialization",
                Harmless.refused(Map.of("topology.fall.back.on.java.serialization", true)));
        assertEquals("supervisor.port", Harmless.refused(Map.of("supervisor.port", 1)));
    }

    @Test
    void aBlobIsItsSubmittersWhereTheClusterKnowsWhoThatIs() {
        AccessControl owner = Blobs.owner(Map.of("topology.submitter.principal", "ada@REALM",
                "topology.submitter.user", "ada"));
        assertEquals("ada", owner.get_name());
        assertEquals(new AccessControl(AccessControlType.USER, 7).get_type(), owner.get_type());
        for (Map<String, Object> nobody : Map.<String, Map<String, Object>>of("", Map.of(), "empty",
                Map.of("topology.submitter.principal", "")).values()) {
            assertEquals(new AccessControl(AccessControlType.OTHER, 7), Blobs.owner(nobody));
        }
    }
}

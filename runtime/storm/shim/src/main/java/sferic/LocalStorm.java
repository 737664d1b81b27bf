package sferic;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.storm.Config;
import org.apache.storm.LocalCluster;
import org.apache.storm.generated.StormTopology;
import org.apache.storm.shade.org.apache.zookeeper.server.embedded.ExitHandler;
import org.apache.storm.shade.org.apache.zookeeper.server.embedded.ZooKeeperServerEmbedded;

/** A whole Storm in this JVM; nothing of it listens beyond loopback. */
public final class LocalStorm {
    private static final long START_LIMIT_MS = 30_000;

    private final LocalCluster cluster;

    private LocalStorm(LocalCluster cluster) {
        this.cluster = cluster;
    }

    /** Its files go to `folder`. Never shut down: the JVM ends with it. */
    public static LocalStorm start(Path folder) throws Exception {
        int port = zooKeeper(folder.resolve("zookeeper"));
        Map<String, Object> daemons = new HashMap<>();
        daemons.put(Config.STORM_ZOOKEEPER_SERVERS, List.of("127.0.0.1"));
        daemons.put(Config.STORM_ZOOKEEPER_PORT, port);
        daemons.put("storm.metricstore.class", "org.apache.storm.metricstore.NoOpMetricStore");
        daemons.put(Config.TOPOLOGY_ENABLE_MESSAGE_TIMEOUTS, true);
        daemons.put("nimbus.monitor.freq.secs", 1);
        daemons.put("supervisor.monitor.frequency.secs", 1);
        daemons.put("storm.local.hostname", "localhost");
        return new LocalStorm(new LocalCluster.Builder().withSupervisors(1).withDaemonConf(daemons).build());
    }

    private static int zooKeeper(Path folder) throws Exception {
        Files.createDirectories(folder);
        Properties settings = new Properties();
        settings.setProperty("clientPort", "0");
        settings.setProperty("clientPortAddress", "127.0.0.1");
        settings.setProperty("tickTime", "2000");
        settings.setProperty("maxClientCnxns", "100");
        settings.setProperty("admin.enableServer", "false");
        ZooKeeperServerEmbedded server = ZooKeeperServerEmbedded.builder().baseDir(folder).configuration(settings)
                .exitHandler(ExitHandler.LOG_ONLY).build();
        server.start(START_LIMIT_MS);
        String address = server.getConnectionString();
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    /** The topology starts; its configuration is `config` over Storm's defaults. */
    public void submit(String name, Map<String, Object> config, StormTopology topology) throws Exception {
        cluster.submitTopology(name, config, topology);
    }
}

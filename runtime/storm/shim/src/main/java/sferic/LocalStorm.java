package sferic;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.storm.Config;
import org.apache.storm.LocalCluster;
import org.apache.storm.generated.StormTopology;
import org.apache.storm.shade.org.apache.zookeeper.server.NIOServerCnxnFactory;
import org.apache.storm.shade.org.apache.zookeeper.server.ZooKeeperServer;

/** A whole Storm in this JVM; nothing of it listens beyond loopback. */
final class LocalStorm {
    private static final int TICK_MS = 2000;
    private static final int CONNECTIONS = 100;
    private static final int BACKLOG = 50;

    private final LocalCluster cluster;

    private LocalStorm(LocalCluster cluster) {
        this.cluster = cluster;
    }

    /** Its files go to `folder`. Never shut down: the JVM ends with it. */
    static LocalStorm start(Path folder) throws Exception {
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

    private static int zooKeeper(Path folder) throws IOException, InterruptedException {
        Files.createDirectories(folder);
        ZooKeeperServer server = new ZooKeeperServer(folder.toFile(), folder.toFile(), TICK_MS);
        NIOServerCnxnFactory connections = new NIOServerCnxnFactory();
        connections.configure(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), CONNECTIONS, BACKLOG, false);
        connections.startup(server, true);
        return connections.getLocalPort();
    }

    void submit(String name, Map<String, Object> config, StormTopology topology) throws Exception {
        cluster.submitTopology(name, config, topology);
    }
}

package sferic;

import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import org.apache.storm.StormSubmitter;
import org.apache.storm.generated.Credentials;
import org.apache.storm.generated.StormTopology;
import org.apache.storm.generated.SubmitOptions;
import org.apache.storm.generated.TopologyInitialStatus;
import org.apache.storm.thrift.TDeserializer;
import org.apache.storm.thrift.protocol.TBinaryProtocol;

/** Submits the topology of the jar that this class is in: `storm jar NAME.jar sferic.Main NAME`. */
public final class Main {
    private Main() {}

    /** See the class. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 1) {
            System.err.println("usage: storm jar NAME.jar sferic.Main NAME");
            System.exit(2);
        }
        StormTopology topology = new StormTopology();
        new TDeserializer(new TBinaryProtocol.Factory()).deserialize(topology, read("topology.bin"));
        Map<String, Object> config = Json.object(read("config.json"));
        String refused = Harmless.refused(config);
        if (refused != null) {
            System.err.println("config.json in this jar sets " + refused + ", which sferic never does: nothing is "
                    + "submitted. Compile the workflow again; settings of yours go to storm jar with -c");
            System.exit(1);
        }
        SubmitOptions options = new SubmitOptions(TopologyInitialStatus.ACTIVE);
        options.set_creds(new Credentials(Secrets.made(config)));
        StormSubmitter.submitTopology(arguments[0], config, topology, options);
    }

    private static byte[] read(String name) throws IOException {
        try (InputStream in = Main.class.getClassLoader().getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException(name + " is not in the jar: this is no topology that sferic compiled");
            }
            return in.readAllBytes();
        }
    }
}

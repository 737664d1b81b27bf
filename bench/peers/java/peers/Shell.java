package peers;

import java.util.Map;
import org.apache.storm.spout.ShellSpout;
import org.apache.storm.task.ShellBolt;
import org.apache.storm.topology.IRichBolt;
import org.apache.storm.topology.IRichSpout;
import org.apache.storm.topology.OutputFieldsDeclarer;
import org.apache.storm.tuple.Fields;

/** Components of Storm's multilang, as streamparse declares them, run in the folder of this JVM. */
final class Shell {
    private Shell() {
    }

    private static void declare(OutputFieldsDeclarer declarer, String[] fields) {
        if (fields.length > 0) {
            declarer.declare(new Fields(fields));
        }
    }

    /** A bolt that is a Python process. */
    static final class Bolt extends ShellBolt implements IRichBolt {
        private static final long serialVersionUID = 1L;
        private final String[] fields;

        Bolt(String[] command, String... fields) {
            super(command);
            this.fields = fields;
            changeChildCWD(false);
        }

        @Override
        public void declareOutputFields(OutputFieldsDeclarer declarer) {
            declare(declarer, fields);
        }

        @Override
        public Map<String, Object> getComponentConfiguration() {
            return null;
        }
    }

    /** A spout that is a Python process. */
    static final class Spout extends ShellSpout implements IRichSpout {
        private static final long serialVersionUID = 1L;
        private final String[] fields;

        Spout(String[] command, String... fields) {
            super(command);
            this.fields = fields;
            changeChildCWD(false);
        }

        @Override
        public void declareOutputFields(OutputFieldsDeclarer declarer) {
            declare(declarer, fields);
        }

        @Override
        public Map<String, Object> getComponentConfiguration() {
            return null;
        }
    }
}

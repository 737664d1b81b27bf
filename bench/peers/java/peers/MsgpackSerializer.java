package peers;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.storm.multilang.BoltMsg;
import org.apache.storm.multilang.ISerializer;
import org.apache.storm.multilang.ShellMsg;
import org.apache.storm.multilang.SpoutMsg;
import org.apache.storm.shade.net.minidev.json.JSONValue;
import org.apache.storm.task.TopologyContext;

/** The Java side of streamparse's msgpack serializer: messages are msgpack maps, one after the other. */
public final class MsgpackSerializer implements ISerializer {
    private static final long serialVersionUID = 1L;
    private static final int BUFFER = 1 << 16;

    private transient DataInputStream in;
    private transient DataOutputStream out;

    @Override
    public void initialize(OutputStream toChild, InputStream fromChild) {
        in = new DataInputStream(new BufferedInputStream(fromChild, BUFFER));
        out = new DataOutputStream(new BufferedOutputStream(toChild, BUFFER));
    }

    @Override
    public Number connect(Map<String, Object> config, TopologyContext context) throws IOException {
        Map<String, Object> hello = new HashMap<>();
        hello.put("pidDir", context.getPIDDir());
        // By way of JSON: every key is text then, and nothing is left but maps, lists, text and numbers.
        hello.put("conf", JSONValue.parse(JSONValue.toJSONString(config)));
        hello.put("context", JSONValue.parse(context.toJSONString()));
        Msgpack.write(out, hello);
        out.flush();
        return (Number) message().get("pid");
    }

    @Override
    public void writeBoltMsg(BoltMsg message) throws IOException {
        Msgpack.mapHeader(out, 5);
        field("id", message.getId());
        field("comp", message.getComp());
        field("stream", message.getStream());
        field("task", message.getTask());
        field("tuple", message.getTuple());
        out.flush();
    }

    @Override
    public void writeSpoutMsg(SpoutMsg message) throws IOException {
        Msgpack.mapHeader(out, 2);
        field("command", message.getCommand());
        field("id", message.getId());
        out.flush();
    }

    @Override
    public void writeTaskIds(List<Integer> ids) throws IOException {
        Msgpack.write(out, ids);
        out.flush();
    }

    @Override
    public ShellMsg readShellMsg() throws IOException {
        Map<?, ?> given = message();
        ShellMsg message = new ShellMsg();
        message.setCommand((String) given.get("command"));
        message.setId(given.get("id"));
        message.setMsg((String) given.get("msg"));
        message.setStream(given.get("stream") instanceof String stream ? stream : "default");
        message.setTask(given.get("task") instanceof Number task ? task.longValue() : 0);
        message.setNeedTaskIds(!Boolean.FALSE.equals(given.get("need_task_ids")));
        if (given.get("tuple") instanceof List<?> values) {
            values.forEach(message::addTuple);
        }
        if (given.get("anchors") instanceof List<?> anchors) {
            anchors.forEach(anchor -> message.addAnchor((String) anchor));
        }
        if (given.get("level") instanceof Number level) {
            message.setLogLevel(level.intValue());
        }
        return message;
    }

    private void field(String name, Object value) throws IOException {
        Msgpack.write(out, name);
        Msgpack.write(out, value);
    }

    private Map<?, ?> message() throws IOException {
        return (Map<?, ?>) Msgpack.read(in);
    }
}

package sferic;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.storm.shade.net.minidev.json.JSONObject;
import org.apache.storm.shade.net.minidev.json.parser.JSONParser;
import org.apache.storm.shade.net.minidev.json.parser.ParseException;

/** JSON objects as maps. */
final class Json {
    private Json() {}

    static byte[] bytes(Map<String, ?> object) {
        return text(object).getBytes(StandardCharsets.UTF_8);
    }

    static String text(Map<String, ?> object) {
        return JSONObject.toJSONString(object);
    }

    static Map<String, Object> object(byte[] data) throws FrameException {
        try {
            Object value = new JSONParser(JSONParser.MODE_RFC4627).parse(new String(data, StandardCharsets.UTF_8));
            if (value instanceof JSONObject object) {
                return object;
            }
            throw new FrameException("JSON that is not an object");
        } catch (ParseException error) {
            throw new FrameException("not JSON: " + error.getMessage());
        }
    }
}

package peers;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** As much of msgpack as the messages of multilang need: nil, bool, numbers, text, lists, maps. */
final class Msgpack {
    private Msgpack() {
    }

    static void mapHeader(DataOutputStream out, int size) throws IOException {
        header(out, size, 0x80, 16, 0xde);
    }

    static void write(DataOutputStream out, Object value) throws IOException {
        if (value == null) {
            out.write(0xc0);
        } else if (value instanceof String text) {
            text(out, text);
        } else if (value instanceof Boolean flag) {
            out.write(flag ? 0xc3 : 0xc2);
        } else if (value instanceof Double || value instanceof Float) {
            out.write(0xcb);
            out.writeDouble(((Number) value).doubleValue());
        } else if (value instanceof Number number) {
            integer(out, number.longValue());
        } else if (value instanceof List<?> list) {
            header(out, list.size(), 0x90, 16, 0xdc);
            for (Object one : list) {
                write(out, one);
            }
        } else if (value instanceof Map<?, ?> map) {
            mapHeader(out, map.size());
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                write(out, entry.getKey());
                write(out, entry.getValue());
            }
        } else {
            throw new IOException("no msgpack for " + value.getClass());
        }
    }

    private static void header(DataOutputStream out, int size, int fixed, int limit, int code16) throws IOException {
        if (size < limit) {
            out.write(fixed | size);
        } else if (size < 1 << 16) {
            out.write(code16);
            out.writeShort(size);
        } else {
            out.write(code16 + 1);
            out.writeInt(size);
        }
    }

    private static void text(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length >= 32 && bytes.length < 1 << 8) {
            out.write(0xd9);
            out.write(bytes.length);
        } else {
            header(out, bytes.length, 0xa0, 32, 0xda);
        }
        out.write(bytes);
    }

    private static void integer(DataOutputStream out, long number) throws IOException {
        if (number >= -32 && number < 128) {
            out.write((int) number);
        } else if (number == (int) number) {
            out.write(0xd2);
            out.writeInt((int) number);
        } else {
            out.write(0xd3);
            out.writeLong(number);
        }
    }

    static Object read(DataInputStream in) throws IOException {
        int code = in.readUnsignedByte();
        if (code < 0x80 || code >= 0xe0) {
            return (long) (byte) code;
        } else if (code < 0x90) {
            return map(in, code & 0x0f);
        } else if (code < 0xa0) {
            return list(in, code & 0x0f);
        } else if (code < 0xc0) {
            return text(in, code & 0x1f);
        }
        return switch (code) {
            case 0xc0 -> null;
            case 0xc2 -> false;
            case 0xc3 -> true;
            case 0xca -> (double) in.readFloat();
            case 0xcb -> in.readDouble();
            case 0xcc -> (long) in.readUnsignedByte();
            case 0xcd -> (long) in.readUnsignedShort();
            case 0xce -> Integer.toUnsignedLong(in.readInt());
            case 0xcf, 0xd3 -> in.readLong();
            case 0xd0 -> (long) in.readByte();
            case 0xd1 -> (long) in.readShort();
            case 0xd2 -> (long) in.readInt();
            case 0xd9 -> text(in, in.readUnsignedByte());
            case 0xda -> text(in, in.readUnsignedShort());
            case 0xdb -> text(in, in.readInt());
            case 0xdc -> list(in, in.readUnsignedShort());
            case 0xdd -> list(in, in.readInt());
            case 0xde -> map(in, in.readUnsignedShort());
            case 0xdf -> map(in, in.readInt());
            default -> throw new IOException("no msgpack of ours: " + Integer.toHexString(code));
        };
    }

    private static String text(DataInputStream in, int size) throws IOException {
        return new String(in.readNBytes(size), StandardCharsets.UTF_8);
    }

    private static List<Object> list(DataInputStream in, int size) throws IOException {
        List<Object> list = new ArrayList<>(size);
        for (int index = 0; index < size; index++) {
            list.add(read(in));
        }
        return list;
    }

    private static Map<Object, Object> map(DataInputStream in, int size) throws IOException {
        Map<Object, Object> map = new HashMap<>(size * 2);
        for (int index = 0; index < size; index++) {
            map.put(read(in), read(in));
        }
        return map;
    }
}

package sferic;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where the sources of a topology are, as blobs `sferic-positions.NAME.ID.RANK.PE`: a source of the next topology of this
 * name goes on from there. Each topology writes below its own id, so that one that is dying changes nothing of the next.
 * Safe from any thread.
 */
final class Positions {
    static final String ROOT = "sferic-positions.";
    private static final Pattern ID = Pattern.compile(".*-(\\d+)-(\\d+)");
    private static final int SHOWN = 40;
    private static final int DIGITS = 12;

    /** A position of this name cannot be gone on from; the text says what to do. */
    static final class Unfit extends Exception {
        private static final long serialVersionUID = 1L;

        Unfit(String text) {
            super(text);
        }
    }

    private final Store blobs;
    private final String prefix;
    private final String topology;
    private final boolean fresh;
    // Guarded by this: by key.
    private final Map<String, Place> places = new LinkedHashMap<>();

    /** One source. Guarded by the positions'. */
    private static final class Place {
        final String path;
        final int rank;
        final int instances;
        final Object began;
        Object reached;
        boolean changed;
        List<String> older;

        Place(String path, int rank, int instances, Object began, Object reached, List<String> older) {
            this.path = path;
            this.rank = rank;
            this.instances = instances;
            this.began = began;
            this.reached = reached;
            this.older = older;
        }

        byte[] bytes() {
            Map<String, Object> said = new LinkedHashMap<>();
            said.put("path", path);
            said.put("rank", rank);
            said.put("instances", instances);
            said.put("position", reached);
            said.put("began", began);
            return ascii(said);
        }
    }

    /** `topology`: its id. `fresh`: what those before it have left is not looked at. */
    Positions(Store blobs, String name, String topology, boolean fresh) {
        this.blobs = blobs;
        this.prefix = ROOT + name + ".";
        this.topology = topology;
        this.fresh = fresh;
    }

    /** Below it all of this name is. */
    String prefix() {
        return prefix;
    }

    /**
     * Where this instance goes on, as a token; empty at first. `keys`: what was there as this worker began. `anew`: where
     * the topology began.
     */
    byte[] open(Stage stage, int rank, int instances, Collection<String> keys, boolean anew)
            throws InterruptedException, Unfit, FrameException {
        Map<String, Object> token = new LinkedHashMap<>();
        for (Pe pe : stage.pes()) {
            Object position = open(pe.path(), rank, instances, keys, anew);
            if (position != null) {
                token.put(pe.path(), position);
            }
        }
        return token.isEmpty() ? new byte[0] : ascii(token);
    }

    private Object open(String path, int rank, int instances, Collection<String> keys, boolean anew)
            throws InterruptedException, Unfit, FrameException {
        String ending = "." + rank + "." + safe(path);
        String own = prefix + topology + ending;
        List<String> before = new ArrayList<>();
        if (!fresh) {
            keys.stream().filter(key -> key.startsWith(prefix) && key.endsWith(ending) && earlier(key)).forEach(before::add);
            before.sort(Comparator.comparing(this::age));
        }
        Object began = null;
        Object reached = null;
        boolean mine = keys.contains(own);
        byte[] kept = mine ? blobs.fetch(own) : before.isEmpty() ? null : blobs.fetch(before.get(before.size() - 1));
        if (kept != null) {
            Map<String, Object> said = Json.object(kept);
            began = said.get(mine ? "began" : "position");
            reached = anew ? began : said.get("position");
            check(said, path, instances);
        }
        synchronized (this) {
            places.put(own, new Place(path, rank, instances, began, reached, before));
        }
        return reached;
    }

    private void check(Map<String, Object> said, String path, int instances) throws Unfit {
        if (said.get("instances") instanceof Number before && before.intValue() != instances) {
            throw new Unfit(path + " has " + instances + " instances, and its positions are of " + before
                    + ": they do not say which of them has read what. Give it " + before
                    + " again, or begin anew: sferic submit --fresh");
        }
    }

    /** All up to here is processed. `token`: of this stage's instance, as its host wrote it. */
    synchronized void committed(Stage stage, int rank, byte[] token) throws FrameException {
        Map<String, Object> positions = Json.object(token);
        for (Pe pe : stage.pes()) {
            Place place = places.get(prefix + topology + "." + rank + "." + safe(pe.path()));
            Object position = positions.get(pe.path());
            if (place != null && position != null && !position.equals(place.reached)) {
                place.reached = position;
                place.changed = true;
            }
        }
    }

    /** Writes what has changed. What topologies before this one have left is not needed then. */
    void write() throws InterruptedException {
        Map<String, byte[]> news = new LinkedHashMap<>();
        List<String> older = new ArrayList<>();
        synchronized (this) {
            places.forEach((key, place) -> {
                if (place.changed) {
                    place.changed = false;
                    news.put(key, place.bytes());
                    older.addAll(place.older);
                    place.older = List.of();
                }
            });
        }
        for (Map.Entry<String, byte[]> one : news.entrySet()) {
            blobs.put(one.getKey(), one.getValue());
        }
        older.forEach(blobs::delete);
    }

    /** The topology has finished: the next one of its name begins anew. */
    void drop() throws InterruptedException {
        for (String key : blobs.list(prefix)) {
            if (earlier(key) || key.startsWith(prefix + topology + ".")) {
                blobs.delete(key);
            }
        }
    }

    /** Is it of a topology before this one? */
    private boolean earlier(String key) {
        return age(key) < age(prefix + topology);
    }

    /** When the topology of this key was submitted, for comparison. */
    private long age(String key) {
        String[] parts = key.substring(prefix.length()).split("\\.", 2);
        Matcher numbers = ID.matcher(parts[0]);
        return numbers.matches() ? Long.parseLong(numbers.group(2)) * 1_000_000 + Long.parseLong(numbers.group(1)) : -1;
    }

    /** A path as the part of a key: keys of blobs take letters, digits, and few signs. */
    static String safe(String path) {
        String words = path.replaceAll("[^A-Za-z0-9_-]", "_");
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(path.getBytes(StandardCharsets.UTF_16BE));
            return words.substring(0, Math.min(SHOWN, words.length())) + "-"
                    + HexFormat.of().formatHex(digest).substring(0, DIGITS);
        } catch (NoSuchAlgorithmException error) {
            throw new IllegalStateException("every Java has SHA-256", error);
        }
    }

    /** JSON in ASCII: names of files may hold what UTF-8 cannot say. */
    private static byte[] ascii(Map<String, Object> object) {
        StringBuilder text = new StringBuilder();
        Json.text(object).chars().forEach(unit -> text.append(unit < 0x7f ? String.valueOf((char) unit)
                : "\\u%04x".formatted(unit)));
        return text.toString().getBytes(StandardCharsets.US_ASCII);
    }
}

package sferic;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.storm.Config;

/**
 * What the topology's configuration says about one stage's children. `without`: variables of the worker's that begin so
 * are not theirs. Immutable.
 */
record Settings(
        List<String> command,
        Map<String, String> env,
        String without,
        String plan,
        String root,
        int attempt,
        int window,
        String key,
        Path folder,
        int frameLimit,
        Stage stage,
        int fails,
        Duration slow,
        Duration messageTimeout,
        String run) {

    /** `resources`: where the jar's files are unpacked; relative paths start there. */
    static Settings read(Map<String, Object> config, String stage, Path resources) {
        List<String> command = new ArrayList<>();
        command.add(text(config, "sferic.python", "python3"));
        if (config.get("sferic.child") instanceof List<?> arguments) {
            arguments.forEach(argument -> command.add(resolved(argument, resources)));
        }
        Map<String, String> env = new TreeMap<>();
        if (config.get("sferic.env") instanceof Map<?, ?> given) {
            given.forEach((name, value) -> env.put(String.valueOf(name), resolved(value, resources)));
        }
        Duration hang = seconds(number(config, "sferic.hang.seconds", 0));
        Map<?, ?> plan = Map.of();
        if (config.get("sferic.stages") instanceof Map<?, ?> stages && stages.get(stage) instanceof Map<?, ?> own) {
            plan = own;
        }
        String folder = text(config, "sferic.run.dir", null);
        return new Settings(
                List.copyOf(command),
                env,
                text(config, "sferic.env.without", null),
                resources.resolve(text(config, "sferic.plan", "plan.json")).toString(),
                resources.resolve(text(config, "sferic.root", "")).toString(),
                (int) number(config, "sferic.attempt", 1),
                (int) number(config, "sferic.window", 16),
                text(config, Secrets.KEY, null),
                folder == null ? null : Path.of(folder),
                (int) number(config, "sferic.frame.limit", Frames.DEFAULT_LIMIT),
                Stage.read(stage, plan, hang),
                (int) number(config, "sferic.fails", 3),
                seconds(number(config, "sferic.slow.seconds", 60)),
                seconds(number(config, Config.TOPOLOGY_MESSAGE_TIMEOUT_SECS, 30)),
                text(config, "sferic.run", null));
    }

    /** The same, in this attempt. */
    Settings at(int number) {
        return new Settings(command, env, without, plan, root, number, window, key, folder, frameLimit, stage, fails, slow,
                messageTimeout, run);
    }

    /** The same, of this run. */
    Settings of(String name) {
        return new Settings(command, env, without, plan, root, attempt, window, key, folder, frameLimit, stage, fails, slow,
                messageTimeout, name);
    }

    /** The same, with its files in this folder. */
    Settings in(Path own) {
        return new Settings(command, env, without, plan, root, attempt, window, key, own, frameLimit, stage, fails, slow,
                messageTimeout, run);
    }

    private static String resolved(Object value, Path resources) {
        return String.valueOf(value).replace("{resources}", resources.toString());
    }

    static Duration seconds(double seconds) {
        return Duration.ofMillis(Math.round(seconds * 1000));
    }

    private static String text(Map<String, Object> config, String key, String otherwise) {
        Object value = config.get(key);
        return value == null ? otherwise : value.toString();
    }

    private static double number(Map<String, Object> config, String key, double otherwise) {
        return config.get(key) instanceof Number value ? value.doubleValue() : otherwise;
    }
}

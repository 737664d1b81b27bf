package sferic;

import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.Filter;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.config.Configuration;
import org.apache.logging.log4j.core.config.LoggerConfig;
import org.apache.logging.log4j.core.filter.AbstractFilter;

/** What Storm is told of a failure: a text for people, since where it happened in Java says nothing. */
final class Reported extends Exception {
    private static final long serialVersionUID = 1L;
    private static final String STORMS_LOGGER = "org.apache.storm.executor.error.ReportError";

    Reported(String text) {
        super(text, null, false, false);
    }

    @Override
    public String toString() {
        return getMessage();
    }

    /** Storm logs what it is told: of these it was logged before, by the PE's own logger. */
    private static final class Again extends AbstractFilter {
        @Override
        public Filter.Result filter(LogEvent event) {
            return event.getThrown() instanceof Reported ? Filter.Result.DENY : Filter.Result.NEUTRAL;
        }
    }

    /** From now on, in this worker. */
    static void logOnce() {
        if (LogManager.getContext(false) instanceof LoggerContext context) {
            Configuration configuration = context.getConfiguration();
            LoggerConfig own = configuration.getLoggerConfig(STORMS_LOGGER);
            if (!own.getName().equals(STORMS_LOGGER)) {
                own = new LoggerConfig(STORMS_LOGGER, null, true); // level and appenders are its parent's
                configuration.addLogger(STORMS_LOGGER, own);
            }
            own.addFilter(new Again());
            context.updateLoggers();
        }
    }
}

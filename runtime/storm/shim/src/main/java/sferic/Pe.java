package sferic;

import java.time.Duration;

/**
 * One PE of a stage. `hang`: how long it may stand still, zero for ever. `patient`: a source that did not say so; it may
 * wait for its data as long as it likes. `stateless`: nothing is lost with its process.
 */
record Pe(String path, Duration hang, String policy, boolean patient, boolean stateless) {}

package sferic;

/**
 * What an instance that starts has to know of those before it. `over`: all that it had to do was done. `ended`: it is a
 * source that had ended, and whoever waits for its END may not have heard. `token`: where it goes on; empty at first.
 */
record Begun(boolean over, boolean ended, byte[] token) {
    static final Begun FIRST = new Begun(false, false, new byte[0]);
    static final Begun OVER = new Begun(true, true, new byte[0]);
}

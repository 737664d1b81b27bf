package sferic;

/** Ends an instance that Storm ends. */
final class Closing {
    private Closing() {}

    static void close(Runs.Member member) {
        if (member == null) {
            return;
        }
        member.dismiss();
        try {
            member.close();
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }
}

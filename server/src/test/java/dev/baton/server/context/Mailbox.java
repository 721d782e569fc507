package dev.baton.server.context;

/** What {@link SerialExecutor} and its broken copies have in common. */
interface Mailbox {
  void execute(Runnable callback);

  boolean inThread();

  /** The real one. */
  record Real(SerialExecutor executor) implements Mailbox {
    @Override
    public void execute(Runnable callback) {
      executor.execute(callback);
    }

    @Override
    public boolean inThread() {
      return executor.inThread();
    }
  }
}

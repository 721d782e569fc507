package dev.baton.loadgen.cli;

/** Whether people are watching. */
final class Terminal {
  private Terminal() {}

  /** Whether the output goes to a terminal that lines can be overwritten on. */
  @SuppressWarnings("SystemConsoleNull") // it does, where input or output is redirected
  static boolean here() {
    var console = System.console();
    String kind = System.getenv("TERM");
    return console != null && console.isTerminal() && kind != null && !kind.equals("dumb");
  }
}

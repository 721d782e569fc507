package dev.baton.loadgen.cli;

/** The exit codes of all commands. */
final class ExitCodes {
  /** The load ran and every threshold held. */
  static final int PASS = 0;

  /** The load ran and a threshold of {@code --fail-if} was crossed. */
  static final int THRESHOLD = 1;

  /** The load ran, but the generator disturbed it: the numbers are not to be trusted. */
  static final int INVALID = 2;

  /** The load could not run: bad options, unknown host, or not one response. */
  static final int SETUP = 3;

  private ExitCodes() {}
}

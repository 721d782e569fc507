package dev.baton.loadgen.compare;

/** What a comparison shows about B. */
public enum Verdict {
  /** Every difference shown is in B's favour. */
  FASTER("B is faster"),
  /** Every difference shown is to B's disadvantage. */
  SLOWER("B is slower"),
  /** Differences were shown in both directions. */
  MIXED("B is better in one metric and worse in another"),
  /** Nothing that chance would not explain. */
  NO_DIFFERENCE("no difference shown");

  private final String text;

  Verdict(String text) {
    this.text = text;
  }

  /** As a phrase. */
  public String text() {
    return text;
  }
}

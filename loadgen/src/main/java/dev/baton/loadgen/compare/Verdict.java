package dev.baton.loadgen.compare;

/** What a comparison shows about B. */
public enum Verdict {
  /** More of B's requests did not end ok: whatever its times are, they are those of the rest. */
  MORE_ERRORS("B is worse: more of its requests fail"),
  /** Fewer of B's requests did not end ok. */
  FEWER_ERRORS("B is better: fewer of its requests fail"),
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

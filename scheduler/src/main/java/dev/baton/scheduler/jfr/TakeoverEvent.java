package dev.baton.scheduler.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/** A loop changed hands. Committed by its new owner. */
@Name("dev.baton.Takeover")
@Label("Event Loop Takeover")
@Category("Baton")
@Description("An event loop was taken over because its owner blocked, computed too long, or died")
@StackTrace(false)
public final class TakeoverEvent extends Event {
  @Label("Loop")
  public int loop;

  @Label("Cause")
  public String cause = "";

  @Label("Old Owner")
  @Description("Worker id")
  public int from;

  @Label("New Owner")
  @Description("Worker id")
  public int to;

  @Label("Resumed After")
  @Description("From the block until the new owner drove the loop")
  @Timespan(Timespan.NANOSECONDS)
  public long resumedAfter;

  @Label("Next Continuation After")
  @Description("From the block until the next continuation of the loop ran; -1 ns if none waited")
  @Timespan(Timespan.NANOSECONDS)
  public long nextRanAfter;

  @Label("Work")
  @Description("What the old owner ran")
  public @Nullable String work;
}

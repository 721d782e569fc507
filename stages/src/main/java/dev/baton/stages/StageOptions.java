package dev.baton.stages;

import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.os.CpuSet;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Where one stage runs, and its bounds. Not thread-safe. */
public final class StageOptions {
  /** Default of {@link #getCapacity} for partitioned stages and those on virtual threads. */
  public static final int DEFAULT_CAPACITY = 1024;

  private static final Map<String, BiConsumer<StageOptions, Object>> FIELDS =
      Map.of(
          "enclave", (o, v) -> o.setEnclave(String.valueOf(v)),
          "placement", (o, v) -> o.setPlacement(Placement.parse(String.valueOf(v))),
          "cpus", (o, v) -> o.setCpus(CpuSet.parse(String.valueOf(v))),
          "loops", (o, v) -> o.setLoops(Fields.integer("loops", v)),
          "capacity", (o, v) -> o.setCapacity(Fields.integer("capacity", v)),
          "deadlineMillis", (o, v) -> o.setDeadline(Fields.millis("deadlineMillis", v)));

  private Placement placement = Placement.FUSED;
  private @Nullable String enclave;
  private SchedulerOptions scheduler = new SchedulerOptions();
  private int capacity;
  private Duration deadline = Duration.ZERO;

  /** Fused, without bounds of its own. */
  public StageOptions() {}

  /** A copy. */
  public StageOptions(StageOptions other) {
    placement = other.placement;
    enclave = other.enclave;
    scheduler = new SchedulerOptions(other.scheduler);
    capacity = other.capacity;
    deadline = other.deadline;
  }

  /**
   * Reads {@code placement}, {@code enclave}, {@code cpus}, {@code loops}, {@code capacity}, {@code
   * deadlineMillis}.
   *
   * @throws IllegalArgumentException if a field is unknown, has the wrong type or is out of range;
   *     the message names it
   */
  public StageOptions(JsonObject json) {
    Fields.read(json, FIELDS, this);
  }

  /** The JSON form. */
  public JsonObject toJson() {
    JsonObject json =
        new JsonObject()
            .put("placement", placement.toString())
            .put("loops", scheduler.getLoops())
            .put("capacity", capacity)
            .put("deadlineMillis", Fields.millis(deadline));
    if (enclave != null) {
      json.put("enclave", enclave);
    }
    CpuSet cpus = scheduler.getCpus();
    return cpus == null ? json : json.put("cpus", cpus.toString());
  }

  public Placement getPlacement() {
    return placement;
  }

  public StageOptions setPlacement(Placement placement) {
    this.placement = placement;
    return this;
  }

  /**
   * The enclave whose loops a partitioned stage runs on, in the order of that enclave's policy;
   * null (the default) gives it loops of its own, on {@link #getCpus}.
   */
  public @Nullable String getEnclave() {
    return enclave;
  }

  public StageOptions setEnclave(@Nullable String enclave) {
    this.enclave = enclave;
    return this;
  }

  /** The CPUs of a partitioned stage; null (the default) means all the process may use. */
  public @Nullable CpuSet getCpus() {
    return scheduler.getCpus();
  }

  public StageOptions setCpus(@Nullable CpuSet cpus) {
    scheduler.setCpus(cpus);
    return this;
  }

  /** The event loops of a partitioned stage; 0 (the default) means one per CPU. */
  public int getLoops() {
    return scheduler.getLoops();
  }

  public StageOptions setLoops(int loops) {
    scheduler.setLoops(loops);
    return this;
  }

  /**
   * The most requests inside the stage: waiting, running and suspended ones. What comes beyond is
   * answered 503. 0 (the default) means {@value #DEFAULT_CAPACITY} for partitioned stages and those
   * on virtual threads, and no bound for others.
   */
  public int getCapacity() {
    return capacity;
  }

  public StageOptions setCapacity(int capacity) {
    this.capacity = Fields.check("capacity", capacity, 0, 1 << 20);
    return this;
  }

  /**
   * How long a request may be in this stage until its function runs or, if it is suspended, has a
   * result; then it is answered 504. Zero (the default) means no limit.
   */
  public Duration getDeadline() {
    return deadline;
  }

  public StageOptions setDeadline(Duration deadline) {
    this.deadline = Fields.notNegative("deadline", deadline);
    return this;
  }

  /** All else about the loops of a partitioned stage, live: change it in place. */
  public SchedulerOptions getScheduler() {
    return scheduler;
  }
}

package dev.baton.stages;

import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;

/** How a pipeline is run: its limits, and the options of its stages. Not thread-safe. */
public final class PipelineOptions {
  /** Default of {@link #getAdmissionTarget}. */
  public static final Duration DEFAULT_ADMISSION_TARGET = Duration.ofMillis(20);

  /** Default of {@link #getAdmissionInterval}. */
  public static final Duration DEFAULT_ADMISSION_INTERVAL = Duration.ofMillis(200);

  /** Default of {@link #getMaxBodyBytes}. */
  public static final int DEFAULT_MAX_BODY_BYTES = 1 << 20;

  /** Default of {@link #getBodyTimeout}. */
  public static final Duration DEFAULT_BODY_TIMEOUT = Duration.ofSeconds(10);

  private static final Map<String, BiConsumer<PipelineOptions, Object>> FIELDS =
      Map.of(
          "deadlineMillis", (o, v) -> o.setDeadline(Fields.millis("deadlineMillis", v)),
          "admissionTargetMillis",
              (o, v) -> o.setAdmissionTarget(Fields.millis("admissionTargetMillis", v)),
          "admissionIntervalMillis",
              (o, v) -> o.setAdmissionInterval(Fields.millis("admissionIntervalMillis", v)),
          "maxBodyBytes", (o, v) -> o.setMaxBodyBytes(Fields.integer("maxBodyBytes", v)),
          "bodyTimeoutMillis", (o, v) -> o.setBodyTimeout(Fields.millis("bodyTimeoutMillis", v)),
          "stages",
              (o, v) ->
                  Fields.object("stages", v)
                      .forEach(
                          e ->
                              o.setStage(
                                  e.getKey(),
                                  Fields.within(
                                      "stages." + e.getKey(), e.getValue(), StageOptions::new))));

  private Duration deadline = Duration.ZERO;
  private Duration admissionTarget = DEFAULT_ADMISSION_TARGET;
  private Duration admissionInterval = DEFAULT_ADMISSION_INTERVAL;
  private int maxBodyBytes = DEFAULT_MAX_BODY_BYTES;
  private Duration bodyTimeout = DEFAULT_BODY_TIMEOUT;
  private final Map<String, StageOptions> stages = new LinkedHashMap<>();

  /** All defaults: every stage fused. */
  public PipelineOptions() {}

  /** A copy. */
  public PipelineOptions(PipelineOptions other) {
    deadline = other.deadline;
    admissionTarget = other.admissionTarget;
    admissionInterval = other.admissionInterval;
    maxBodyBytes = other.maxBodyBytes;
    bodyTimeout = other.bodyTimeout;
    other.stages.forEach((name, stage) -> stages.put(name, new StageOptions(stage)));
  }

  /**
   * Reads the form that {@link #toJson} writes; what is missing keeps its default.
   *
   * @throws IllegalArgumentException if a field is unknown, has the wrong type or is out of range;
   *     the message names it
   */
  public PipelineOptions(JsonObject json) {
    Fields.read(json, FIELDS, this);
  }

  /** The JSON form; durations in milliseconds. */
  public JsonObject toJson() {
    JsonObject byName = new JsonObject();
    stages.forEach((name, stage) -> byName.put(name, stage.toJson()));
    return new JsonObject()
        .put("deadlineMillis", Fields.millis(deadline))
        .put("admissionTargetMillis", Fields.millis(admissionTarget))
        .put("admissionIntervalMillis", Fields.millis(admissionInterval))
        .put("maxBodyBytes", maxBodyBytes)
        .put("bodyTimeoutMillis", Fields.millis(bodyTimeout))
        .put("stages", byName);
  }

  /**
   * How long after its arrival a request may still begin a stage, or be suspended in one; then it
   * is answered 504. Zero (the default) means no limit.
   */
  public Duration getDeadline() {
    return deadline;
  }

  public PipelineOptions setDeadline(Duration deadline) {
    this.deadline = Fields.notNegative("deadline", deadline);
    return this;
  }

  /**
   * The wait for a loop that is fine to stay; when every request of an interval has waited longer,
   * those that have waited twice as long are answered 503. Zero admits everything.
   */
  public Duration getAdmissionTarget() {
    return admissionTarget;
  }

  public PipelineOptions setAdmissionTarget(Duration admissionTarget) {
    this.admissionTarget = Fields.notNegative("admissionTarget", admissionTarget);
    return this;
  }

  /** How long waits must stay above the target before requests are refused. */
  public Duration getAdmissionInterval() {
    return admissionInterval;
  }

  public PipelineOptions setAdmissionInterval(Duration admissionInterval) {
    this.admissionInterval = Fields.notNegative("admissionInterval", admissionInterval);
    return this;
  }

  /** The largest body that is collected, bytes; a larger one is answered 413. */
  public int getMaxBodyBytes() {
    return maxBodyBytes;
  }

  public PipelineOptions setMaxBodyBytes(int maxBodyBytes) {
    this.maxBodyBytes = Fields.check("maxBodyBytes", maxBodyBytes, 0, Integer.MAX_VALUE);
    return this;
  }

  /** How long the body may take to come; then the request is answered 408. Zero: no limit. */
  public Duration getBodyTimeout() {
    return bodyTimeout;
  }

  public PipelineOptions setBodyTimeout(Duration bodyTimeout) {
    this.bodyTimeout = Fields.notNegative("bodyTimeout", bodyTimeout);
    return this;
  }

  /** The options of stages that have some, by name; read-only. */
  public Map<String, StageOptions> getStages() {
    return Collections.unmodifiableMap(stages);
  }

  /** Sets the options of one stage; the name is checked when the pipeline is bound. */
  public PipelineOptions setStage(String name, StageOptions options) {
    stages.put(name, options);
    return this;
  }
}

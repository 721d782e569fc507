package dev.baton.stages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.os.CpuSet;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PipelineOptionsTest {
  private static PipelineOptions unusual() {
    return new PipelineOptions()
        .setDeadline(Duration.ofMillis(250))
        .setAdmissionTarget(Duration.ofNanos(1_500_000))
        .setAdmissionInterval(Duration.ofMillis(40))
        .setMaxBodyBytes(77)
        .setBodyTimeout(Duration.ofSeconds(3))
        .setStage(
            "price",
            new StageOptions()
                .setPlacement(Placement.PARTITIONED)
                .setCpus(CpuSet.parse("0-1"))
                .setLoops(2)
                .setCapacity(64)
                .setDeadline(Duration.ofMillis(20)));
  }

  @Test
  void shouldReadTheJsonItWrites() {
    JsonObject json = unusual().toJson();

    assertThat(new PipelineOptions(new JsonObject(json.encode())).toJson()).isEqualTo(json);
    assertThat(new PipelineOptions(new JsonObject()).toJson())
        .isEqualTo(new PipelineOptions().toJson());
    assertThat(json.getJsonObject("stages").getJsonObject("price").encode())
        .isEqualTo(
            "{\"placement\":\"partitioned\",\"loops\":2,\"capacity\":64,\"deadlineMillis\":20.0,"
                + "\"cpus\":\"0-1\"}");
  }

  @Test
  void shouldCopyDeeply() {
    PipelineOptions original = unusual();
    var copy = new PipelineOptions(original);

    original.getStages().values().forEach(stage -> stage.setCapacity(1));

    assertThat(copy.toJson()).isEqualTo(unusual().toJson());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'deadlineMilis':1}|deadlineMilis=1: there is no such option; did you mean"
            + " deadlineMillis?",
        "{'deadlineMillis':'x'}|deadlineMillis=x: write milliseconds",
        "{'deadlineMillis':-1}|deadline=PT-0.001S: give zero up to a day",
        "{'maxBodyBytes':1.5}|maxBodyBytes=1.5: write a whole number",
        "{'maxBodyBytes':-1}|maxBodyBytes=-1: give 0..2147483647",
        "{'stages':[]}|stages=[]: write an object",
        "{'stages':{'a':1}}|stages.a=1: write an object",
        "{'stages':{'a':{'placement':'fast'}}}"
            + "|stages.a.placement=fast: choose one of fused, partitioned",
        "{'stages':{'a':{'capcity':1}}}"
            + "|stages.a.capcity=1: there is no such option; did you mean capacity?",
        "{'stages':{'a':{'loops':4097}}}|stages.a.loops=4097: choose a value from 0 to 4096",
      })
  void shouldSayWhatIsWrong(String json, String message) {
    var object = new JsonObject(json.replace('\'', '"'));

    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PipelineOptions(object))
        .withMessage(message);
  }

  @Test
  void shouldSuggestTheStageThatWasMeant() {
    Pipeline<String, String> pipeline =
        Pipeline.of("orders", Stage.<String, String>plain("parse", in -> in))
            .then("price", in -> in);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> bind(pipeline, new PipelineOptions().setStage("prize", stage())))
        .withMessage("stages.prize: pipeline orders has no such stage; did you mean price?");
  }

  @Test
  void shouldRefuseTwoStagesOfOneName() {
    Pipeline<String, String> pipeline =
        Pipeline.of("p", Stage.<String, String>plain("a", in -> in));

    assertThatIllegalArgumentException()
        .isThrownBy(() -> pipeline.then("a", in -> in))
        .withMessageContaining("has one already");
    assertThatIllegalStateException()
        .isThrownBy(() -> pipeline.mapError((e, in) -> null).then("b", in -> in))
        .withMessageContaining("before its error mapper");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Stage.plain("a b", in -> in))
        .withMessageContaining("name=a b");
  }

  private static StageOptions stage() {
    return new StageOptions();
  }

  private static void bind(Pipeline<String, String> pipeline, PipelineOptions options) {
    new BoundPipeline<>(pipeline, options, 1, Scheduler::builder, null).close();
  }
}

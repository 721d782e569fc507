package dev.baton.loadgen.export;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.loadgen.record.Progress;
import java.util.HashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class PrometheusExporterTest {
  @Test
  void shouldWriteWhatPrometheusChecksFor() {
    var second = new Histogram(2);
    second.recordValueWithCount(2_000_000, 10);
    var quantiles = Interval.Quantiles.NONE.next(second).next(second);

    String text =
        PrometheusExporter.text(
            new Progress(1, 0, 30, 29, 20, 1, 2, 3, 3, 1, 8), new Interval(quantiles, quantiles));

    Map<String, String> types = new HashMap<>();
    for (String line : text.split("\n", -1)) {
      if (line.startsWith("# TYPE ")) {
        types.put(line.split(" ", -1)[2], line.split(" ", -1)[3]);
      } else if (!line.isEmpty() && !line.startsWith("#")) {
        String name = line.split("[ {]", -1)[0].replaceFirst("_(sum|count)$", "");
        String type = types.getOrDefault(name, "none");
        assertThat(type).as(line).isIn("counter", "gauge", "summary");
        assertThat(name.endsWith("_total")).as(line).isEqualTo(type.equals("counter"));
        assertThat(line.contains("quantile=") && !type.equals("summary")).as(line).isFalse();
      }
    }
    assertThat(text)
        .contains("baton_loadgen_scheduled_total 30\n")
        .contains("baton_loadgen_requests_total{outcome=\"timeout\"} 2\n")
        .contains("baton_loadgen_response_time_seconds{quantile=\"0.99\"} 0.002")
        .contains("baton_loadgen_response_time_seconds_count 20\n")
        .contains("baton_loadgen_response_time_seconds_sum 0.04");
  }

  @Test
  void shouldKeepSumAndCountThroughAnIdleSecond() {
    var second = new Histogram(2);
    second.recordValue(1_000_000);

    var idle = Interval.Quantiles.NONE.next(second).next(new Histogram(2));

    assertThat(idle.p99Millis()).isNaN();
    assertThat(idle.count()).isEqualTo(1);
  }
}

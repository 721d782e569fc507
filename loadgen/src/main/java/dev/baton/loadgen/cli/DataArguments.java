package dev.baton.loadgen.cli;

import dev.baton.loadgen.Body;
import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.RequestSpec;
import dev.baton.loadgen.schedule.Part;
import dev.baton.loadgen.values.Feed;
import dev.baton.loadgen.values.UrlList;
import java.nio.file.Path;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say what differs from request to request, and which part of them is sent. */
final class DataArguments {
  @Option(
      names = "--urls",
      paramLabel = "FILE",
      description =
          "Request the URLs of a file in turn, one '[METHOD ]URL' a line, counted as one request;"
              + " repeatable.")
  List<Path> urls = new ArrayList<>();

  @Option(
      names = "--feed",
      paramLabel = "FILE",
      description =
          "CSV whose first line names its columns: ${column} in URLs, headers and bodies stands"
              + " for the value of the next row, ${url:column} for the value percent-encoded;"
              + " repeatable.")
  List<Path> feeds = new ArrayList<>();

  @Option(
      names = "--body-file",
      paramLabel = "FILE",
      description = "Send the bytes of a file as the body; up to 2 GB, never read as a whole.")
  @Nullable Path bodyFile;

  @Option(
      names = "--part",
      paramLabel = "N/M",
      description =
          "Send only the N-th of M parts of the schedule, as one of M generators; rates are those"
              + " of all together.")
  @Nullable String part;

  @Option(
      names = "--start-at",
      paramLabel = "TIME",
      description = "Start the schedule at this time, as in 2026-11-25T21:30:00Z.")
  @Nullable String startAt;

  List<RequestSpec> requests() {
    return urls.stream().map(f -> RequestSpec.each("urls " + f, UrlList.read(f))).toList();
  }

  /** The body of all requests: the text or the file. */
  Body body(String text) {
    if (bodyFile == null) {
      return Body.of(text);
    }
    if (!text.isEmpty()) {
      throw new IllegalArgumentException("--body and --body-file: give one of them");
    }
    return Body.of(bodyFile);
  }

  void addTo(LoadOptions options) {
    feeds.forEach(file -> options.addFeed(Feed.csv(file)));
    if (part != null) {
      options.setPart(Part.parse(part));
    }
    if (startAt != null) {
      options.setStartAt(instant(startAt));
    }
  }

  private static Instant instant(String text) {
    try {
      return OffsetDateTime.parse(text.strip()).toInstant();
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException(
          "--start-at '" + text + "': write date, time and zone, as in 2026-11-25T21:30:00Z", e);
    }
  }
}

package dev.baton.server.main;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code trace}: writes the requests of a running server, for {@code simulate}. */
@Command(
    name = "trace",
    description = {
      "Write the requests that a running server has answered: when each came, its route, how long"
          + " its",
      "handler computed and slept, and its connection. simulate --trace replays them under any",
      "policy, on any number of CPUs.",
      "",
      "  trace --seconds 30 --out trace.csv",
      "  simulate --trace trace.csv --policies all",
      ""
    },
    sortOptions = false,
    mixinStandardHelpOptions = true)
final class TraceCommand implements Callable<Integer> {
  @Option(
      names = "--from",
      paramLabel = "URL",
      defaultValue = "http://127.0.0.1:9090",
      description = "The server's management port. Default: ${DEFAULT-VALUE}")
  private URI from = URI.create("");

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "How long to record, 1 … 300; 0 takes what the server has kept, if it was started with"
              + " --record-requests. Default: ${DEFAULT-VALUE}")
  private int seconds;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Where to write the trace; standard output if it is left out")
  private @Nullable Path out;

  @Option(
      names = "--token",
      paramLabel = "TEXT",
      description = "What the management port asks for, if it does")
  private @Nullable String token;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws IOException, InterruptedException {
    CommandSpec s = Objects.requireNonNull(spec);
    if (seconds < 0 || seconds > 300) {
      throw new ParameterException(s.commandLine(), "--seconds=" + seconds + ": give 0 … 300");
    }
    String scheme = String.valueOf(from.getScheme());
    if ((!scheme.equals("http") && !scheme.equals("https")) || from.getHost() == null) {
      throw new ParameterException(
          s.commandLine(), "--from=" + from + ": give a URL such as http://127.0.0.1:9090");
    }
    HttpRequest.Builder request =
        HttpRequest.newBuilder(from.resolve("/baton/api/trace?seconds=" + seconds));
    if (token != null) {
      request.header("Authorization", "Bearer " + token);
    }
    try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      HttpResponse<InputStream> answer = client.send(request.build(), BodyHandlers.ofInputStream());
      try (InputStream body = answer.body()) {
        return answer.statusCode() == 200 ? write(answer, body, s) : refused(body, s);
      }
    } catch (java.net.ConnectException e) {
      throw new IOException(
          "--from=" + from + ": nothing listens there; is it the management port?", e);
    }
  }

  private int write(HttpResponse<?> answer, InputStream body, CommandSpec s) throws IOException {
    Path file = out;
    if (file == null) {
      PrintWriter text = s.commandLine().getOut();
      text.print(new String(body.readAllBytes(), StandardCharsets.UTF_8));
      text.flush();
    } else {
      Files.copy(body, file, StandardCopyOption.REPLACE_EXISTING);
    }
    long dropped = answer.headers().firstValueAsLong("baton-dropped-requests").orElse(0);
    if (dropped > 0) {
      s.commandLine().getErr().println(dropped + " older requests were not kept");
    }
    return 0;
  }

  private static int refused(InputStream body, CommandSpec s) throws IOException {
    s.commandLine().getErr().print(new String(body.readAllBytes(), StandardCharsets.UTF_8));
    return 1;
  }
}

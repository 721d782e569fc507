package dev.baton.loadgen.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.loadgen.server.MirrorServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Imports, run as they come out, and what the server was asked. */
class ImportIT {
  private final MirrorServer server = MirrorServer.start();

  @TempDir Path directory = Path.of("");
  private final StringWriter err = new StringWriter();

  @AfterEach
  void stop() {
    server.close();
  }

  private int execute(StringWriter out, String... arguments) {
    return LoadGeneratorCommand.execute(
        arguments, new PrintWriter(out, true), new PrintWriter(err, true));
  }

  /** Imports and runs it. */
  private List<MirrorServer.Request> run(String... arguments) throws IOException {
    var yaml = new StringWriter();
    assertThat(execute(yaml, arguments)).as("%s", err).isEqualTo(ExitCodes.PASS);
    var file = Files.writeString(directory.resolve("load.yaml"), yaml.toString());
    var out = new StringWriter();
    int code =
        execute(
            out,
            "run",
            "--config",
            file.toString(),
            "--rate=60",
            "--duration=500ms",
            "--warmup=0",
            "--drain=20s",
            "--connections=1",
            "--no-rehearsal",
            "--quiet");
    assertThat(code).as("%s%s%s", yaml, out, err).isIn(ExitCodes.PASS, ExitCodes.INVALID);
    return server.requests();
  }

  @Test
  void shouldSendWhatCurlWould() throws IOException {
    var requests =
        run(
            "import",
            "curl",
            """
            curl -sS '%s' -X PATCH --compressed \\
              -H 'Content-Type: application/json' -H "X-Quote: it's \\"here\\"" -u ann:secret \\
              -b a=1 --data-raw $'{"name": "it\\'s \\u00fc"}'
            """
                .formatted(server.url("/x?y=1")));

    var request = requests.getFirst();
    assertThat(request.method() + " " + request.target()).isEqualTo("PATCH /x?y=1");
    assertThat(request.body()).isEqualTo("{\"name\": \"it's \u00c3\u00bc\"}");
    assertThat(request.headers().get("Content-type")).containsExactly("application/json");
    assertThat(request.headers().get("X-quote")).containsExactly("it's \"here\"");
    assertThat(request.headers().get("Authorization")).containsExactly("Basic YW5uOnNlY3JldA==");
    assertThat(request.headers().get("Cookie")).containsExactly("a=1");
    assertThat(request.headers().get("Accept-encoding")).containsExactly("deflate, gzip, br");
  }

  @Test
  void shouldPutDataIntoTheQueryOfAGet() throws IOException {
    var requests =
        run("import", "curl", "curl -G " + server.url("/s") + " -d q=1 --data-urlencode 'r=a b&'");

    assertThat(requests.getFirst().method() + requests.getFirst().target())
        .isEqualTo("GET/s?q=1&r=a+b%26");
  }

  @Test
  void shouldRefuseWhatItDoesNotUnderstand() {
    var out = new StringWriter();

    assertThat(execute(out, "import", "curl", "curl -F a=b http://h/")).isEqualTo(ExitCodes.SETUP);
    assertThat(execute(out, "import", "curl", "curl 'http://h/")).isEqualTo(ExitCodes.SETUP);
    assertThat(execute(out, "import", "har", "/missing.har")).isEqualTo(ExitCodes.SETUP);
    assertThat(execute(out, "import")).isEqualTo(ExitCodes.SETUP);
    assertThat(execute(out, "import", "curl", "curl -L http://h/")).isEqualTo(ExitCodes.PASS);
    assertThat(err.toString())
        .contains("curl --form: is not understood", "a quote (') is not closed")
        .contains("/missing.har: cannot be read as HAR", "name what to import")
        .contains("note: curl --location: redirects are not followed");
  }

  @Test
  void shouldSendWhatABrowserRecorded() throws IOException {
    var file =
        Files.writeString(
            directory.resolve("a.har"),
            """
            {"log": {"entries": [
              {"startedDateTime": "2026-01-01T00:00:00.000Z", "time": 10,
               "request": {"method": "GET", "url": "URL/page#top", "headers": [
                 {"name": ":authority", "value": "x"}, {"name": "Host", "value": "x"},
                 {"name": "Accept", "value": "text/html"}]},
               "response": {"status": 200}},
              {"startedDateTime": "2026-01-01T00:00:00.060Z", "time": 5,
               "request": {"method": "POST", "url": "URL/form", "headers": [],
                 "postData": {"mimeType": "text/plain", "text": "a=1"}},
               "response": {"status": 200}},
              {"startedDateTime": "2026-01-01T00:00:00.070Z", "time": 5,
               "request": {"method": "GET", "url": "data:text/plain,x", "headers": []},
               "response": {"status": 200}},
              {"startedDateTime": "2026-01-01T00:00:00.080Z", "time": 5,
               "request": {"method": "GET", "url": "http://elsewhere.example/", "headers": []},
               "response": {"status": 200}}
            ]}}
            """
                .replace("URL", server.url("")));

    var yaml = new StringWriter();
    execute(yaml, "import", "har", file.toString(), "--host=127.0.0.1", "--scenario=visit");
    var requests = run("import", "har", file.toString(), "--host=127.0.0.1", "--scenario=visit");

    assertThat(yaml.toString()).contains("think: 50ms").contains("# left out: data:text/plain,x");
    assertThat(requests.get(0).method() + requests.get(0).target()).isEqualTo("GET/page");
    assertThat(requests.get(0).headers().get("Accept")).containsExactly("text/html");
    assertThat(requests)
        .extracting(r -> r.method() + r.target() + r.body())
        .contains("POST/forma=1");
  }

  @Test
  void shouldSendOneRequestForEachOperation() throws IOException {
    var file =
        Files.writeString(
            directory.resolve("api.yaml"),
            """
            openapi: 3.1.0
            servers: [{url: "URL/v1/"}]
            paths:
              /pets/{id}:
                parameters:
                  - {name: id, in: path, required: true, schema: {type: integer}, example: 42}
                get:
                  operationId: getPet
                  parameters:
                    - {$ref: "#/components/parameters/Verbose"}
                    - {name: unused, in: query, schema: {type: string}}
                  responses: {"404": {description: none}, "200": {description: ok}}
              /pets:
                post:
                  operationId: addPet
                  requestBody:
                    content:
                      application/json:
                        schema: {$ref: "#/components/schemas/Pet"}
                  responses: {"200": {description: ok}}
            components:
              parameters:
                Verbose: {name: verbose, in: query, schema: {type: boolean, default: true}}
              schemas:
                Pet:
                  type: object
                  properties:
                    name: {type: string, example: Rex}
                    age: {type: integer, minimum: 3}
                    tags: {type: array, items: {type: string, enum: [dog, cat]}}
            """
                .replace("URL", server.url("")));

    var requests = run("import", "openapi", file.toString());

    assertThat(requests)
        .extracting(r -> r.method() + " " + r.target() + " " + r.body())
        .contains(
            "GET /v1/pets/42?verbose=true ",
            "POST /v1/pets {\"name\":\"Rex\",\"age\":3,\"tags\":[\"dog\"]}");
    assertThat(requests)
        .filteredOn(r -> r.method().equals("POST"))
        .allMatch(r -> List.of("application/json").equals(r.headers().get("Content-type")));
    assertThat(err.toString()).contains("note: addPet: body.age has no example");
  }
}

package dev.baton.stages.parse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.baton.stages.Problem;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BinderTest {
  enum Size {
    SMALL,
    LARGE
  }

  record Leaf(int count, @Nullable String note) {
    Leaf {
      if (count < 0) {
        throw Problem.badField("count", count, "is negative", "give 0 or more");
      }
      if (count == 99) {
        throw new IllegalArgumentException("count=99 is taken");
      }
    }
  }

  record Tree(String name, List<Leaf> leaves, @Nullable Size size, @Nullable Leaf best) {}

  record Search(String q, int page, @Nullable Boolean exact, @Nullable List<Integer> ids) {}

  /** Jackson cannot make one. */
  interface Unknown {}

  record Broken(Unknown field) {}

  private final Binder<Tree> trees = Binder.ofJson(Tree.class);
  private final Binder<Search> searches = Binder.ofParameters(Search.class, "query");

  @Test
  void shouldBindNestedRecordsAndIgnoreUnknownFields() {
    Tree tree =
        tree("{'name':'a','leaves':[{'count':1},{'count':2,'note':null}],'size':'LARGE','x':[1]}");

    assertThat(tree)
        .isEqualTo(new Tree("a", List.of(new Leaf(1, null), new Leaf(2, null)), Size.LARGE, null));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|400|body is empty: send JSON",
        "{'name':'a',|400|body is not JSON (Unexpected end-of-input",
        "{'name':'a'}}|400|body is not JSON (Unexpected close marker",
        "{'name':'a','leaves':[]} {}|400|body is not JSON (",
        "{name:1}|400|body is not JSON (",
        "null|400|body has the wrong type: give",
        "[]|400|body=[] has the wrong type: give an object",
        "7|400|body=7 has the wrong type: give an object",
        "{'leaves':[]}|400|name is missing: the request needs it",
        "{'name':null,'leaves':[]}|400|name is null: the request needs it",
        "{'name':7,'leaves':[]}|400|name=7 has the wrong type: give a string",
        "{'name':true,'leaves':[]}|400|name=true has the wrong type: give a string",
        "{'name':{},'leaves':[]}|400|name={} has the wrong type: give a string",
        "{'name':'a'}|400|leaves is missing: the request needs it",
        "{'name':'a','leaves':7}|400|leaves=7 has the wrong type: give an array",
        "{'name':'a','leaves':[7]}|400|leaves[0]=7 has the wrong type: give an object",
        "{'name':'a','leaves':[{}]}|400|leaves[0].count is missing: the request needs it",
        "{'name':'a','leaves':[{'count':'1'}]}"
            + "|400|leaves[0].count=1 has the wrong type: give an integer of 32 bits",
        "{'name':'a','leaves':[{'count':1},{'count':1.5}]}"
            + "|400|leaves[1].count=1.5 has the wrong type: give an integer of 32 bits",
        "{'name':'a','leaves':[{'count':9999999999}]}"
            + "|400|leaves[0].count=9999999999 has the wrong type: give an integer of 32 bits",
        "{'name':'a','leaves':[{'count':null}]}|400|leaves[0].count is null: the request needs it",
        "{'name':'a','leaves':[{'count':-1}]}|400|leaves[0].count=-1 is negative: give 0 or more",
        "{'name':'a','leaves':[],'best':{'count':-1}}"
            + "|400|best.count=-1 is negative: give 0 or more",
        "{'name':'a','leaves':[{'count':99}]}|400|leaves[0] is refused: count=99 is taken",
        "{'name':'a','leaves':[],'size':'BIG'}"
            + "|400|size=BIG has the wrong type: give one of [SMALL, LARGE]",
        "{'name':'a','leaves':[],'size':1}"
            + "|400|size=1 has the wrong type: give one of [SMALL, LARGE]",
      })
  void shouldSayWhatDoesNotFit(String json, int status, String detail) {
    Problem problem = catchThrowableOfType(Problem.class, () -> tree(json));

    assertThat(detail(problem)).startsWith(detail);
    assertThat(problem.status()).isEqualTo(status);
  }

  @Test
  void shouldRefuseTooManyValuesAndTooDeepOnes() {
    for (String json :
        List.of(
            "{'name':'a','leaves':[" + "{'count':1},".repeat(100_000) + "{'count':1}]}",
            "{'name':'a','leaves':[],'x':" + "[".repeat(300) + "]".repeat(300) + "}",
            "{'name':" + "[".repeat(300) + "]".repeat(300) + "}",
            "[".repeat(100_000),
            "{'name':'a','leaves':[{'count':" + "1".repeat(2_000) + "}]}")) {
      Problem problem = catchThrowableOfType(Problem.class, () -> tree(json));

      assertThat(detail(problem))
          .isEqualTo("body has too many values, or too deep ones: send less at a time");
      assertThat(problem.status()).isEqualTo(413);
    }
  }

  @Test
  void shouldNotBlameTheClientForATypeThatCannotBeBound() {
    Binder<Broken> binder = Binder.ofJson(Broken.class);

    assertThatThrownBy(() -> binder.bind(Buffer.buffer("{\"field\":{}}")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("cannot bind");
  }

  // ---------------------------------------------------------------- parameters

  @Test
  void shouldBindParameters() {
    assertThat(searches.bind(Map.of("q", List.of("tea"), "page", List.of("3"))))
        .isEqualTo(new Search("tea", 3, null, null));
    assertThat(
            searches.bind(
                Map.of(
                    "q", List.of(""),
                    "page", List.of("0"),
                    "exact", List.of("true"),
                    "ids", List.of("1", "2"))))
        .isEqualTo(new Search("", 0, true, List.of(1, 2)));
    assertThat(
            searches
                .bind(Map.of("q", List.of("a"), "page", List.of("0"), "ids", List.of("7")))
                .ids())
        .containsExactly(7);
  }

  @ParameterizedTest
  @CsvSource({
    "page, x, page=x has the wrong type: give an integer of 32 bits",
    "page, 1.5, page=1.5 has the wrong type: give an integer of 32 bits",
    "page, 99999999999, page=99999999999 has the wrong type: give an integer of 32 bits",
    "exact, yes, exact=yes has the wrong type: give true or false",
    "ids, x, ids[0]=x has the wrong type: give an integer of 32 bits",
  })
  void shouldSayWhichParameterDoesNotFit(String name, String value, String detail) {
    var parameters = new java.util.TreeMap<>(Map.of("q", List.of("a"), "page", List.of("0")));
    parameters.put(name, List.of(value));

    Problem problem = catchThrowableOfType(Problem.class, () -> searches.bind(parameters));

    assertThat(detail(problem)).isEqualTo(detail);
  }

  @Test
  void shouldSayWhichParameterIsMissingOrThereTwice() {
    Problem missing =
        catchThrowableOfType(Problem.class, () -> searches.bind(Map.of("page", List.of("0"))));
    Problem twice =
        catchThrowableOfType(
            Problem.class,
            () -> searches.bind(Map.of("q", List.of("a", "b"), "page", List.of("0"))));

    assertThat(detail(missing)).isEqualTo("q is missing: the request needs it");
    assertThat(detail(twice)).isEqualTo("q=[\"a\",\"b\"] has the wrong type: give a string");
  }

  private Tree tree(String json) {
    return trees.bind(Buffer.buffer(json.replace('\'', '"')));
  }

  private static String detail(Problem problem) {
    JsonObject json = problem.toJson("", null);
    return json.getString("detail");
  }
}

package dev.baton.stages.parse;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.exc.InvalidDefinitionException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.introspect.AnnotatedParameter;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.type.LogicalType;
import dev.baton.stages.Problem;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Binds JSON or parameters to a type, by Jackson, and says precisely what does not fit. Any thread.
 */
final class Binder<T> {
  private static final int MAX_TOKENS = 250_000;
  private static final int MAX_DEPTH = 200;

  private static final ObjectMapper JSON =
      builder()
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .withCoercionConfig(
              LogicalType.Textual,
              config ->
                  config
                      .setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                      .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                      .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
          .build();

  private static final ObjectMapper PARAMETERS =
      builder().enable(DeserializationFeature.ACCEPT_SINGLE_VALUE_AS_ARRAY).build();

  private static JsonMapper.Builder builder() {
    JsonFactory factory =
        JsonFactory.builder()
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxTokenCount(MAX_TOKENS)
                    .maxNestingDepth(MAX_DEPTH)
                    .build())
            .build();
    return JsonMapper.builder(factory)
        .findAndAddModules()
        .annotationIntrospector(new Required())
        .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
        .enable(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
        .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
  }

  /** Parameters of constructors are required unless they are nullable or optional. */
  private static final class Required extends JacksonAnnotationIntrospector {
    private static final long serialVersionUID = 1;

    @Override
    public Boolean hasRequiredMarker(AnnotatedMember member) {
      Boolean marked = super.hasRequiredMarker(member);
      if (marked != null || !(member instanceof AnnotatedParameter parameter)) {
        return marked;
      }
      return isRequired(parameter);
    }

    @Override
    public JsonSetter.Value findSetterInfo(Annotated annotated) {
      return annotated instanceof AnnotatedParameter parameter && isRequired(parameter)
          ? JsonSetter.Value.forValueNulls(Nulls.FAIL)
          : super.findSetterInfo(annotated);
    }

    private static boolean isRequired(AnnotatedParameter parameter) {
      return parameter.getOwner().getAnnotated() instanceof Constructor<?> constructor
          && constructor.getDeclaringClass().isRecord()
          && parameter.getRawType() != Optional.class
          && !constructor.getAnnotatedParameterTypes()[parameter.getIndex()].isAnnotationPresent(
              Nullable.class);
    }
  }

  private final ObjectMapper mapper;
  private final ObjectReader reader;
  private final String root;

  private Binder(ObjectMapper mapper, Class<T> type, String root) {
    this.mapper = mapper;
    this.reader = mapper.readerFor(type);
    this.root = root;
  }

  static <T> Binder<T> ofJson(Class<T> type) {
    return new Binder<>(JSON, type, "body");
  }

  /**
   * @param root what the parameters are together, for messages
   */
  static <T> Binder<T> ofParameters(Class<T> type, String root) {
    return new Binder<>(PARAMETERS, type, root);
  }

  /**
   * Binds a document.
   *
   * @throws Problem if it does not fit
   */
  T bind(Buffer json) {
    if (json.length() == 0) {
      throw Problem.badField(root, null, "is empty", "send JSON");
    }
    byte[] bytes = json.getBytes();
    try {
      T value = reader.readValue(bytes);
      if (value == null) {
        throw Problem.badField(root, null, "has the wrong type", "give " + expected(null));
      }
      return value;
    } catch (IOException e) {
      throw problem(e, bytes);
    }
  }

  /**
   * Binds parameters.
   *
   * @throws Problem if they do not fit
   */
  T bind(Map<String, List<String>> parameters) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    parameters.forEach(
        (name, values) -> {
          if (values.size() == 1) {
            node.put(name, values.getFirst());
          } else {
            ArrayNode array = node.putArray(name);
            values.forEach(array::add);
          }
        });
    try {
      return reader.readValue(node);
    } catch (IOException e) {
      throw problem(e, node);
    }
  }

  // ---------------------------------------------------------------- what does not fit

  private Problem problem(IOException e, byte[] bytes) {
    try {
      return problem(e, mapper.readTree(bytes));
    } catch (IOException malformed) {
      return malformed(malformed);
    }
  }

  private Problem malformed(IOException e) {
    if (e instanceof StreamConstraintsException) {
      return new Problem(
          413, root, null, "has too many values, or too deep ones", "send less at a time");
    }
    return Problem.badField(root, null, "is not JSON (" + message(e) + ")", "send one document");
  }

  private Problem problem(IOException e, JsonNode whole) {
    if (e instanceof InvalidDefinitionException misfit) {
      throw new IllegalStateException("Jackson cannot bind this type", misfit); // nobody's request
    }
    if (!(e instanceof JsonMappingException mapping)) {
      return malformed(e);
    }
    if (mapping.getCause() instanceof StreamConstraintsException limit) {
      return malformed(limit); // one that a tree does not have: a number's length
    }
    String path = path(mapping.getPath());
    if (mapping.getCause() instanceof Problem problem) {
      return problem.at(path);
    }
    String field = path.isEmpty() ? root : path;
    if (mapping.getCause() instanceof IllegalArgumentException refused) {
      return Problem.badField(field, null, "is refused", String.valueOf(refused.getMessage()));
    }
    JsonNode node = at(whole, mapping.getPath());
    if (node.isMissingNode()) {
      return Problem.badField(field, null, "is missing", "the request needs it");
    }
    if (node.isNull()) {
      return Problem.badField(field, null, "is null", "the request needs it");
    }
    String value = node.isTextual() ? node.textValue() : node.toString();
    Class<?> target =
        mapping instanceof MismatchedInputException m
            ? m.getTargetType()
            : mapping.getCause() instanceof InputCoercionException c ? c.getTargetType() : null;
    return Problem.badField(field, value, "has the wrong type", "give " + expected(target));
  }

  private static String message(IOException e) {
    if (!(e instanceof JsonProcessingException json)) {
      return String.valueOf(e.getMessage());
    }
    return json.getOriginalMessage()
        + (json.getLocation() == null
            ? ""
            : " at line: "
                + json.getLocation().getLineNr()
                + ", column: "
                + json.getLocation().getColumnNr());
  }

  private static String path(List<JsonMappingException.Reference> references) {
    StringBuilder path = new StringBuilder();
    for (JsonMappingException.Reference reference : references) {
      if (reference.getFieldName() == null) {
        path.append('[').append(reference.getIndex()).append(']');
      } else {
        path.append(path.isEmpty() ? "" : ".").append(reference.getFieldName());
      }
    }
    return path.toString();
  }

  private static JsonNode at(JsonNode whole, List<JsonMappingException.Reference> references) {
    JsonNode node = whole;
    for (JsonMappingException.Reference reference : references) {
      if (reference.getFieldName() != null) {
        node = node.path(reference.getFieldName());
      } else if (node.isArray()) { // else a single value that stands for an array
        node = node.path(reference.getIndex());
      }
    }
    return node;
  }

  private static String expected(@Nullable Class<?> type) {
    if (type == null) {
      return "what the field is documented to be";
    }
    if (type == int.class || type == Integer.class || type == long.class || type == Long.class) {
      boolean narrow = type == int.class || type == Integer.class;
      return "an integer of " + (narrow ? 32 : 64) + " bits";
    }
    if (type == double.class || type == Double.class || Number.class.isAssignableFrom(type)) {
      return "a number";
    }
    if (type == boolean.class || type == Boolean.class) {
      return "true or false";
    }
    if (type == String.class) {
      return "a string";
    }
    if (type.isEnum()) {
      return "one of " + Arrays.toString(type.getEnumConstants());
    }
    return type.isArray() || Collection.class.isAssignableFrom(type) ? "an array" : "an object";
  }
}

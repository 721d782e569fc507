package dev.baton.loadgen.export;

import java.io.StringWriter;
import java.util.List;
import java.util.Locale;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/** Conditions as test cases in JUnit's XML, as build servers read it. */
public final class JunitExporter {
  private JunitExporter() {}

  /**
   * One test case.
   *
   * @param name what was asked
   * @param failure why it is not so; empty if it is
   */
  public record Case(String name, String failure) {}

  /** The document: one suite with the given name and seconds. */
  public static String toXml(String suite, double seconds, List<Case> cases) {
    var text = new StringWriter();
    try {
      var xml = XMLOutputFactory.newInstance().createXMLStreamWriter(text);
      xml.writeStartDocument("UTF-8", "1.0");
      xml.writeCharacters("\n");
      xml.writeStartElement("testsuite");
      xml.writeAttribute("name", suite);
      xml.writeAttribute("tests", Integer.toString(cases.size()));
      long failures = cases.stream().filter(c -> !c.failure().isEmpty()).count();
      xml.writeAttribute("failures", Long.toString(failures));
      xml.writeAttribute("errors", "0");
      xml.writeAttribute("time", String.format(Locale.ROOT, "%.3f", seconds));
      for (var one : cases) {
        write(xml, suite, one);
      }
      xml.writeCharacters("\n");
      xml.writeEndElement();
      xml.writeEndDocument();
      xml.close();
    } catch (XMLStreamException e) {
      throw new IllegalStateException("a document in memory cannot be written", e);
    }
    return text + "\n";
  }

  private static void write(XMLStreamWriter xml, String suite, Case one) throws XMLStreamException {
    xml.writeCharacters("\n  ");
    xml.writeStartElement("testcase");
    xml.writeAttribute("classname", suite);
    xml.writeAttribute("name", one.name());
    if (!one.failure().isEmpty()) {
      xml.writeStartElement("failure");
      xml.writeAttribute("message", one.failure());
      xml.writeEndElement();
    }
    xml.writeEndElement();
  }
}

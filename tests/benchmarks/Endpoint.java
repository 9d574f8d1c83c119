import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import javax.jws.WebMethod;
import javax.jws.WebParam;
import javax.jws.WebResult;
import javax.jws.WebService;
import javax.jws.soap.SOAPBinding;
import javax.xml.bind.annotation.XmlAccessType;
import javax.xml.bind.annotation.XmlAccessorType;
import javax.xml.bind.annotation.XmlElement;
import javax.xml.bind.annotation.XmlType;
import javax.xml.datatype.XMLGregorianCalendar;

/** The service of tests/benchmarks/small.py as JAX-WS serves it: `java Endpoint URL THREADS`. */
@WebService(serviceName = "SmallService", targetNamespace = Endpoint.NAMESPACE)
@SOAPBinding(parameterStyle = SOAPBinding.ParameterStyle.BARE)
public class Endpoint {
    static final String NAMESPACE = "urn:erp-bridge:v1";

    public static void main(String[] arguments) {
        var endpoint = javax.xml.ws.Endpoint.create(new Endpoint());
        endpoint.setExecutor(Executors.newFixedThreadPool(Integer.parseInt(arguments[1])));
        endpoint.publish(arguments[0]);
    }

    @WebMethod(operationName = "SubmitSmall")
    @WebResult(name = "SubmitSmallResponse", targetNamespace = NAMESPACE)
    public Answer submitSmall(
            @WebParam(name = "SubmitSmall", targetNamespace = NAMESPACE) Request request) {
        Answer answer = new Answer();
        for (Small small : request.smalls)
            answer.results.add(new Result(small.number));
        return answer;
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    @XmlType(namespace = NAMESPACE, propOrder = {"messageId", "smalls"})
    public static class Request {
        @XmlElement(name = "MessageId", namespace = NAMESPACE, required = true) String messageId;
        @XmlElement(name = "Small", namespace = NAMESPACE) List<Small> smalls = new ArrayList<>();
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    @XmlType(namespace = NAMESPACE,
        propOrder = {"number", "customerNumber", "issuedOn", "currency", "grossAmount", "status"})
    public static class Small {
        @XmlElement(name = "Number", namespace = NAMESPACE, required = true) String number;
        @XmlElement(name = "CustomerNumber", namespace = NAMESPACE, required = true) String customerNumber;
        @XmlElement(name = "IssuedOn", namespace = NAMESPACE, required = true) XMLGregorianCalendar issuedOn;
        @XmlElement(name = "Currency", namespace = NAMESPACE, required = true) String currency;
        @XmlElement(name = "GrossAmount", namespace = NAMESPACE, required = true) BigDecimal grossAmount;
        @XmlElement(name = "Status", namespace = NAMESPACE, required = true) String status;
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    @XmlType(namespace = NAMESPACE, propOrder = {"results"})
    public static class Answer {
        @XmlElement(name = "Result", namespace = NAMESPACE) List<Result> results = new ArrayList<>();
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    @XmlType(namespace = NAMESPACE, propOrder = {"number", "outcome"})
    public static class Result {
        @XmlElement(name = "Number", namespace = NAMESPACE, required = true) String number;
        @XmlElement(name = "Outcome", namespace = NAMESPACE, required = true) String outcome = "ACCEPTED";

        Result() {}

        Result(String number) {
            this.number = number;
        }
    }
}

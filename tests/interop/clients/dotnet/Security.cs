using System;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Web.Services.Protocols;
using System.Xml.Serialization;

/// What is added to the proxy by hand: an API key, and the header of WS-Security.
public partial class ErpBridgeService
{
    public string ApiKey;
    public Security Security;

    protected override WebRequest GetWebRequest(Uri uri)
    {
        WebRequest request = base.GetWebRequest(uri);
        if (ApiKey != null)
            request.Headers["X-API-Key"] = ApiKey;
        return request;
    }
}

[XmlRoot("Security", Namespace = Wss.Extension)]
public class Security : SoapHeader
{
    public UsernameToken UsernameToken;
}

public class UsernameToken
{
    public string Username;
    public Typed Password;
    [XmlElement(IsNullable = false)]
    public Encoded Nonce;
    [XmlElement(Namespace = Wss.Utility)]
    public string Created;

    public static UsernameToken OfText(string name, string secret)
    {
        return new UsernameToken
        {
            Username = name,
            Password = new Typed { Type = Wss.Profile + "PasswordText", Value = secret },
        };
    }

    public static UsernameToken OfDigest(string name, string secret)
    {
        var nonce = new byte[16];
        using (var random = RandomNumberGenerator.Create())
            random.GetBytes(nonce);
        string created = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.fffZ");
        return new UsernameToken
        {
            Username = name,
            Password = new Typed { Type = Wss.Profile + "PasswordDigest", Value = Digest(nonce, created, secret) },
            Nonce = new Encoded { EncodingType = Wss.Base64, Value = Convert.ToBase64String(nonce) },
            Created = created,
        };
    }

    static string Digest(byte[] nonce, string created, string secret)
    {
        byte[] rest = Encoding.UTF8.GetBytes(created + secret);
        var all = new byte[nonce.Length + rest.Length];
        nonce.CopyTo(all, 0);
        rest.CopyTo(all, nonce.Length);
        using (var sha1 = SHA1.Create())
            return Convert.ToBase64String(sha1.ComputeHash(all));
    }
}

public class Typed
{
    [XmlAttribute] public string Type;
    [XmlText] public string Value;
}

public class Encoded
{
    [XmlAttribute] public string EncodingType;
    [XmlText] public string Value;
}

static class Wss
{
    const string Oasis = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss";
    public const string Extension = Oasis + "-wssecurity-secext-1.0.xsd";
    public const string Utility = Oasis + "-wssecurity-utility-1.0.xsd";
    public const string Profile = Oasis + "-username-token-profile-1.0#";
    public const string Base64 = Oasis + "-soap-message-security-1.0#Base64Binary";
}

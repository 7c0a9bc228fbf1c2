using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Backup.Tests.Support;

/// <summary>A certificate authority of a test, with a server certificate for this machine and certificates for clients. Good for a day.</summary>
public sealed class TestCertificates : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly X509Certificate2 _authority;

    public TestCertificates()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test Authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        var now = TimeProvider.System.GetUtcNow();
        _authority = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        AuthorityFile = _folder.File("ca.pem");
        File.WriteAllText(AuthorityFile, _authority.ExportCertificatePem());
    }

    /// <summary>PEM, for <c>tlsCAFile</c>.</summary>
    public string AuthorityFile { get; }

    /// <summary>For a listener on this machine that asks for client certificates and takes those of this authority.</summary>
    /// <param name="required">Whether who has none is turned away in the handshake.</param>
    public SslServerAuthenticationOptions Server(bool required = false)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        return new SslServerAuthenticationOptions
        {
            ServerCertificate = Issue("CN=localhost", names),
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                certificate is null ? !required : IsOurs(certificate),
        };
    }

    /// <summary>Key and certificate of a server that is called <c>localhost</c>, in one PEM file.</summary>
    public string ServerFile()
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        return PemFile("server", Issue("CN=localhost", names));
    }

    /// <summary>Key and certificate in one PEM file, for <c>tlsCertificateKeyFile</c>.</summary>
    /// <param name="subject">For example <c>CN=agent, O=shop</c>.</param>
    public string ClientFile(string subject)
    {
        return PemFile("client", Issue(subject, names: null));
    }

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    private string PemFile(string name, X509Certificate2 issued)
    {
        using var certificate = issued;
        using var key = certificate.GetECDsaPrivateKey()!;
        var file = _folder.File($"{name}-{Guid.NewGuid():N}.pem");
        File.WriteAllText(file, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
        return file;
    }

    private X509Certificate2 Issue(string subject, SubjectAlternativeNameBuilder? names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        if (names is not null)
        {
            request.CertificateExtensions.Add(names.Build());
        }

        using var bare = request.Create(
            _authority,
            new DateTimeOffset(_authority.NotBefore),
            new DateTimeOffset(_authority.NotAfter),
            RandomNumberGenerator.GetBytes(12)
        );
        using var whole = bare.CopyWithPrivateKey(key);
        // A key that lives in memory alone is not taken by every handshake.
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), password: null);
    }

    private bool IsOurs(X509Certificate certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        using var presented = new X509Certificate2(certificate);
        return chain.Build(presented);
    }
}

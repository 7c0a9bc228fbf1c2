using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Backup.Agent.Server;

/// <summary>A fresh key pair, and the request for a certificate on it. The private key never leaves the agent.</summary>
internal sealed class CertificateOrderMaker : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public CertificateOrderMaker()
    {
        var request = new CertificateRequest("CN=backup-agent", _key, HashAlgorithmName.SHA256);
        Request = Convert.ToBase64String(request.CreateSigningRequest());
    }

    /// <summary>PKCS#10 in base64.</summary>
    public string Request { get; }

    /// <summary>PKCS#8 in base64: a secret.</summary>
    public string PrivateKey => Convert.ToBase64String(_key.ExportPkcs8PrivateKey());

    public void Dispose() => _key.Dispose();
}

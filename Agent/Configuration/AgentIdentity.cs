using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;
using Backup.Foundation.Files;

namespace Backup.Agent.Configuration;

/// <summary>What an enrolled agent keeps, in <c>agent.json</c> of its folder, mode 0600: the API key is a secret.</summary>
/// <param name="Server">Base address of the server.</param>
/// <param name="AgentId">The server's id of this agent.</param>
/// <param name="ApiKey">Base64url.</param>
/// <param name="Authority">The only CA that this agent trusts the server by: DER in base64.</param>
/// <param name="NextApiKey">A key that is to replace <paramref name="ApiKey"/> and may or may not be confirmed yet; null otherwise.</param>
/// <param name="Certificate">This agent's own certificate: DER in base64; null where the server issued none.</param>
/// <param name="CertificateKey">Its private key: PKCS#8 in base64; there where the certificate is.</param>
internal sealed record AgentIdentity(
    string Server,
    string AgentId,
    string ApiKey,
    string Authority,
    string? NextApiKey = null,
    string? Certificate = null,
    string? CertificateKey = null
)
{
    private const string FileName = "agent.json";
    private const string LockName = "agent.lock";
    private const int LockTries = 200;
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(50);

    [JsonIgnore]
    public System.Uri ServerUri => new(Server);

    public X509Certificate2 LoadAuthority() =>
        X509CertificateLoader.LoadCertificate(Convert.FromBase64String(Authority));

    /// <summary>The agent's certificate with its private key; null where it has none.</summary>
    public X509Certificate2? LoadCertificate()
    {
        if (Certificate is null || CertificateKey is null)
        {
            return null;
        }

        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(Convert.FromBase64String(CertificateKey), out _);
        using var certificate = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(Certificate));
        return certificate.CopyWithPrivateKey(key);
    }

    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, FileName));

    /// <exception cref="Foundation.Errors.BackupException">7004 not enrolled, 7006 damaged.</exception>
    public static AgentIdentity Load(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            throw AgentErrors.Stranger(folder);
        }

        try
        {
            var identity =
                JsonSerializer.Deserialize(File.ReadAllBytes(path), IdentityJson.Default.AgentIdentity)
                ?? throw new JsonException("it is null");
            using var authority = identity.LoadAuthority();
            using var certificate = identity.LoadCertificate();
            _ = identity.ServerUri;
            return identity;
        }
        catch (Exception failure)
            when (failure
                    is JsonException
                        or IOException
                        or UnauthorizedAccessException
                        or FormatException
                        or CryptographicException
            )
        {
            throw AgentErrors.Damaged(path, failure);
        }
    }

    public void Save(string folder)
    {
        DurableFile.CreateFolder(folder);
        DurableFile.WriteSecret(
            Path.Combine(folder, FileName),
            JsonSerializer.SerializeToUtf8Bytes(this, IdentityJson.Default.AgentIdentity)
        );
    }

    /// <summary>Keeps other processes from changing the file until disposed; the operating system lets go of it where this one is killed.</summary>
    /// <exception cref="Foundation.Errors.BackupException">7020 held by another process for long, 7006 the folder cannot be written to.</exception>
    public static async Task<IDisposable> LockAsync(string folder, CancellationToken cancellation)
    {
        var path = Path.Combine(folder, LockName);
        for (var tries = 1; ; tries++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (tries < LockTries)
            {
                await Task.Delay(BetweenTries, cancellation);
            }
            catch (IOException failure)
            {
                throw AgentErrors.Held(folder, failure);
            }
            catch (UnauthorizedAccessException failure)
            {
                throw AgentErrors.Damaged(path, failure);
            }
        }
    }

    /// <summary>Without what is secret.</summary>
    public override string ToString() => $"agent {AgentId} of {Server}";
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true
)]
[JsonSerializable(typeof(AgentIdentity))]
internal sealed partial class IdentityJson : JsonSerializerContext;

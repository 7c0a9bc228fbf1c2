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
internal sealed record AgentIdentity(string Server, string AgentId, string ApiKey, string Authority)
{
    private const string FileName = "agent.json";

    [JsonIgnore]
    public System.Uri ServerUri => new(Server);

    public X509Certificate2 LoadAuthority() =>
        X509CertificateLoader.LoadCertificate(Convert.FromBase64String(Authority));

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
            _ = identity.ServerUri;
            return identity;
        }
        catch (Exception failure)
            when (failure
                    is JsonException
                        or IOException
                        or UnauthorizedAccessException
                        or FormatException
                        or System.Security.Cryptography.CryptographicException
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

    /// <summary>Without the key.</summary>
    public override string ToString() => $"agent {AgentId} of {Server}";
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true
)]
[JsonSerializable(typeof(AgentIdentity))]
internal sealed partial class IdentityJson : JsonSerializerContext;

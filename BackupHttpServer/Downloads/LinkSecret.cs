using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Backup.Metadata;

namespace Backup.BackupHttpServer.Downloads;

/// <summary>The secret of a download link: 256 random bits as base64url. It is shown once, in the link; only its SHA-256 is kept.</summary>
public static class LinkSecret
{
    private static readonly byte[] Nobodys = RandomNumberGenerator.GetBytes(SHA256.HashSizeInBytes);

    public static (string Secret, byte[] Hash) Make()
    {
        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        return (secret, Hash(secret));
    }

    /// <summary>Random, 16 hex digits: names a link, and is no secret.</summary>
    public static string MakeId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    /// <summary>Whether the text is the link's secret. Takes as long where there is no such link.</summary>
    internal static bool Opens(DownloadLink? link, string text)
    {
        var isRight = CryptographicOperations.FixedTimeEquals(Hash(text), link?.SecretHash ?? Nobodys);
        return isRight && link is not null;
    }

    private static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}

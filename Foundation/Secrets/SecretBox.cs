using System.Security.Cryptography;
using System.Text;
using Backup.Foundation.Errors;
using Backup.Foundation.Files;

namespace Backup.Foundation.Secrets;

/// <summary>
/// Seals secrets that are stored (private keys, passwords) under a key of the appliance's own: 32 random bytes in a file that only its owner may
/// read, made once. Whoever has a copy of the metadata alone has none of the secrets. Thread-safe.
/// </summary>
/// <remarks>
/// A sealed secret, frozen: version (1 byte, 1), id of the key (8 bytes), nonce (12 bytes, random), tag (16 bytes), AES-256-GCM of the content. The
/// purpose is authenticated with it: what was sealed for one thing cannot be put in the place of another.
/// </remarks>
public sealed class SecretBox : IDisposable
{
    /// <summary>Bytes of the key.</summary>
    public const int KeyLength = 32;

    private const byte Version = 1;
    private const int IdLength = 8;
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int HeaderLength = 1 + IdLength + NonceLength + TagLength;

    private readonly string _path;
    private readonly byte[] _key;
    private readonly byte[] _id;

    private SecretBox(string path, byte[] key)
    {
        (_path, _key) = (path, key);
        _id = SHA256.HashData([.. "backup secret box"u8, .. key])[..IdLength];
    }

    /// <summary>
    /// Opens the key in <paramref name="path"/>, or makes it there: its folder too, open to the owner alone. By the process that holds the data
    /// folder; two that make it at the same time would end with different keys.
    /// </summary>
    /// <exception cref="BackupException">1006 where the file is there but is no such key, 1003 and 1004 where it cannot be written.</exception>
    public static SecretBox Ensure(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        DurableFile.CreateFolder(folder);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        _ = DurableFile.RemoveLeftovers(folder, Path.GetFileName(path));
        if (!File.Exists(path))
        {
            var made = RandomNumberGenerator.GetBytes(KeyLength);
            DurableFile.WriteSecret(path, made);
            CryptographicOperations.ZeroMemory(made);
        }

        return new SecretBox(path, Read(path));
    }

    /// <summary>Of the key, hex: tells keys apart and nothing else.</summary>
    public string KeyId => Convert.ToHexStringLower(_id);

    /// <summary>A key of its own for another use than sealing: whoever has it has not the box's. HKDF-SHA-256.</summary>
    /// <param name="purpose">What it is for, frozen: another one gives another key.</param>
    /// <returns>32 bytes, the same each time.</returns>
    public byte[] DeriveKey(string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, KeyLength, info: Encoding.UTF8.GetBytes(purpose));

    /// <param name="content">The secret.</param>
    /// <param name="purpose">What it is for, for example <c>ssh key ID</c>; the same is wanted to open it.</param>
    public byte[] Seal(ReadOnlySpan<byte> content, string purpose)
    {
        var box = new byte[HeaderLength + content.Length];
        box[0] = Version;
        _id.CopyTo(box.AsSpan(1));
        var nonce = box.AsSpan(1 + IdLength, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = new AesGcm(_key, TagLength);
        cipher.Encrypt(
            nonce,
            content,
            box.AsSpan(HeaderLength),
            box.AsSpan(HeaderLength - TagLength, TagLength),
            Encoding.UTF8.GetBytes(purpose)
        );
        return box;
    }

    /// <param name="box">What <see cref="Seal"/> gave.</param>
    /// <param name="purpose">As it was sealed.</param>
    /// <exception cref="BackupException">1007 where it is damaged, was sealed for something else, or under another key.</exception>
    public byte[] Open(ReadOnlySpan<byte> box, string purpose)
    {
        if (box.Length < HeaderLength || box[0] != Version)
        {
            throw FoundationErrors.Sealed(purpose, "it is no sealed secret of this release");
        }

        if (!box.Slice(1, IdLength).SequenceEqual(_id))
        {
            throw FoundationErrors.Sealed(purpose, $"it was sealed under another key than that in '{_path}'");
        }

        var content = new byte[box.Length - HeaderLength];
        try
        {
            using var cipher = new AesGcm(_key, TagLength);
            cipher.Decrypt(
                box.Slice(1 + IdLength, NonceLength),
                box[HeaderLength..],
                box.Slice(HeaderLength - TagLength, TagLength),
                content,
                Encoding.UTF8.GetBytes(purpose)
            );
            return content;
        }
        catch (CryptographicException failure)
        {
            throw FoundationErrors.Sealed(purpose, "it was changed, or was sealed for something else", failure);
        }
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_key);

    private static byte[] Read(string path)
    {
        try
        {
            var key = File.ReadAllBytes(path);
            return key.Length == KeyLength
                ? key
                : throw FoundationErrors.SecretKey(path, $"it has {key.Length} bytes, not {KeyLength}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw FoundationErrors.SecretKey(path, failure.Message, failure);
        }
    }
}

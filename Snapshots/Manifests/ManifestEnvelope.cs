using System.Buffers.Binary;
using System.Security.Cryptography;
using Backup.Blockstore;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;

namespace Backup.Snapshots.Manifests;

/// <summary>Magic, version, length, a BSON document, SHA-256 of all before. Keep in sync with docs/formats/manifest.md.</summary>
internal static class ManifestEnvelope
{
    /// <summary><c>BKMF</c>, little-endian: the manifest itself.</summary>
    internal const uint RootMagic = 0x464D_4B42;

    /// <summary><c>BKMC</c>, little-endian: a page of collections.</summary>
    internal const uint PageMagic = 0x434D_4B42;
    internal const ushort Version = 1;

    internal const int MagicOffset = 0;
    internal const int VersionOffset = 4;
    internal const int ReservedOffset = 6;
    internal const int LengthOffset = 8;
    internal const int HeaderLength = 12;

    internal static byte[] Wrap(uint magic, ReadOnlySpan<byte> body)
    {
        var raw = new byte[HeaderLength + body.Length + SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(raw.AsSpan(MagicOffset), magic);
        BinaryPrimitives.WriteUInt16LittleEndian(raw.AsSpan(VersionOffset), Version);
        BinaryPrimitives.WriteInt32LittleEndian(raw.AsSpan(LengthOffset), body.Length);
        body.CopyTo(raw.AsSpan(HeaderLength));
        SHA256.HashData(raw.AsSpan(0, HeaderLength + body.Length), raw.AsSpan(HeaderLength + body.Length));
        return raw;
    }

    internal static BsonDocument Unwrap(uint magic, ReadOnlySpan<byte> raw, BlockId id)
    {
        if (
            raw.Length < HeaderLength + BsonView.MinimumLength + SHA256.HashSizeInBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(raw[MagicOffset..]) != magic
        )
        {
            throw SnapshotsErrors.Manifest("it is none", id.ToString());
        }

        var version = BinaryPrimitives.ReadUInt16LittleEndian(raw[VersionOffset..]);
        if (version > Version)
        {
            throw SnapshotsErrors.Newer("manifest", version, Version);
        }

        var body = raw[HeaderLength..^SHA256.HashSizeInBytes];
        if (
            BinaryPrimitives.ReadInt32LittleEndian(raw[LengthOffset..]) != body.Length
            || !CryptographicOperations.FixedTimeEquals(
                SHA256.HashData(raw[..^SHA256.HashSizeInBytes]),
                raw[^SHA256.HashSizeInBytes..]
            )
        )
        {
            throw SnapshotsErrors.Manifest("its length or checksum does not fit", id.ToString());
        }

        try
        {
            return new BsonView(body).ToDocument();
        }
        catch (BackupException damage)
        {
            throw SnapshotsErrors.Manifest(damage.Message, id.ToString(), damage);
        }
    }
}

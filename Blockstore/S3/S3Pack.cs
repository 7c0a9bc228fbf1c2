using System.Globalization;

namespace Backup.Blockstore.S3;

/// <summary>A published pack: the object <c>packs/NAME</c>, and its list of blocks, the object <c>index/NAME</c>.</summary>
/// <param name="Name">The epoch in 16 hexadecimal digits, a hyphen, and 32 digits of this pack alone.</param>
/// <param name="Epoch">Under which a block of it was last put.</param>
internal sealed record S3Pack(string Name, long Epoch)
{
    internal const string Packs = "packs/";
    internal const string Lists = "index/";

    /// <summary>Stands as the list of a pack that was never published: it keeps whoever hung while he wrote it from publishing it.</summary>
    internal static readonly byte[] Void = [.. "VOID"u8];

    private const int EpochDigits = 16;
    private const int NameLength = EpochDigits + 1 + 32;

    internal string Key => Packs + Name;

    internal string ListKey => Lists + Name;

    internal static S3Pack New(long epoch) => new($"{epoch:x16}-{Guid.NewGuid():N}", epoch);

    /// <summary>Null where the key is none of a pack or its list.</summary>
    internal static S3Pack? Of(string key)
    {
        var name = key[(key.IndexOf('/') + 1)..];
        return
            name.Length == NameLength
            && long.TryParse(
                name.AsSpan(0, EpochDigits),
                NumberStyles.HexNumber,
                CultureInfo.InvariantCulture,
                out var epoch
            )
            ? new S3Pack(name, epoch)
            : null;
    }
}

/// <summary>Where a block stands.</summary>
internal readonly record struct S3Location(S3Pack Pack, int Offset, int StoredLength, int RawLength);

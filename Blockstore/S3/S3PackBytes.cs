using Backup.Blockstore.Packs;

namespace Backup.Blockstore.S3;

/// <summary>Reads the list of blocks of a pack, from its list's object or from the pack itself.</summary>
internal static class S3PackBytes
{
    /// <summary>Null where it is damaged.</summary>
    internal static List<PackEntry>? FromList(ReadOnlySpan<byte> list) =>
        list.Length >= PackFormat.TrailerLength
        && PackFormat.FooterLength(list[^PackFormat.TrailerLength..]) == list.Length
            ? PackFormat.ReadFooter(list, int.MaxValue)
            : null;

    /// <summary>As its footer lists them; where that is damaged, as a scan finds them.</summary>
    /// <param name="pack">All of it.</param>
    /// <param name="damage">Told where something around the blocks is damaged.</param>
    internal static List<PackEntry> FromPack(ReadOnlySpan<byte> pack, Action<long, string>? damage = null)
    {
        if (PackFormat.ReadHeader(pack) != PackFormat.Version)
        {
            damage?.Invoke(0, "the pack's header is damaged");
        }

        var length =
            pack.Length > PackFormat.TrailerLength ? PackFormat.FooterLength(pack[^PackFormat.TrailerLength..]) : -1;
        var entries =
            length >= 0 && length <= pack.Length ? PackFormat.ReadFooter(pack[^(int)length..], pack.Length) : null;
        if (entries is null)
        {
            damage?.Invoke(pack.Length, "the pack's footer is damaged");
            entries = Scan(pack);
        }

        return entries;
    }

    // Block after block; where none stands, on to the next byte from which a header with a right checksum can be read.
    private static List<PackEntry> Scan(ReadOnlySpan<byte> pack)
    {
        var entries = new List<PackEntry>();
        var at = 0;
        while (at + BlockHeader.Length <= pack.Length)
        {
            var next = pack[at..].IndexOf("BKBL"u8);
            if (next < 0)
            {
                break;
            }

            at += next;
            if (!BlockHeader.TryRead(pack[at..], out var header) || at + header.StoredLength > pack.Length)
            {
                at++;
                continue;
            }

            entries.Add(new PackEntry(header.Id, at, header.StoredLength, header.RawLength));
            at += BlockCodecs.IsIntact(header.Id, pack.Slice(at, header.StoredLength))
                ? header.StoredLength
                : BlockHeader.Length;
        }

        return entries;
    }
}

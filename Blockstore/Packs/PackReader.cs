using System.Buffers;
using Backup.Foundation.Files;
using Microsoft.Win32.SafeHandles;

namespace Backup.Blockstore.Packs;

/// <summary>Reads one published pack. A damaged footer costs a scan of the blocks, never a block.</summary>
internal sealed class PackReader : IDisposable
{
    private const int ScanWindow = 1 << 20;
    private readonly SafeFileHandle _handle;

    internal PackReader(string path)
    {
        Path = path;
        _handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Length = RandomAccess.GetLength(_handle);
    }

    internal string Path { get; }

    internal string Name => System.IO.Path.GetFileName(Path);

    internal long Length { get; }

    /// <summary>Every block that the footer lists, or, where it is damaged, every block that a scan finds.</summary>
    /// <param name="damage">Called with offset and description of what is damaged around the blocks.</param>
    /// <exception cref="Foundation.Errors.BackupException">5008 where a newer release wrote the pack.</exception>
    internal List<PackEntry> Entries(Action<long, string>? damage = null)
    {
        Span<byte> header = stackalloc byte[PackFormat.HeaderLength];
        var version = ReadUpTo(0, header) == header.Length ? PackFormat.ReadHeader(header) : 0;
        if (version > PackFormat.Version)
        {
            throw BlockstoreErrors.Newer(Path, (int)version, (int)PackFormat.Version);
        }

        if (version == 0)
        {
            damage?.Invoke(0, "the pack's header is damaged");
        }

        var entries = Footer();
        if (entries is not null)
        {
            return entries;
        }

        damage?.Invoke(Length, "the pack's footer is damaged");
        return Scan();
    }

    /// <summary>Reads what the entry points to; fewer bytes where the file ends before.</summary>
    internal PooledBytes Read(long offset, int length)
    {
        var available = (int)Math.Clamp(Length - offset, 0, length);
        var bytes = new PooledBytes(available);
        try
        {
            if (ReadUpTo(offset, bytes.Span) != available)
            {
                throw new EndOfStreamException($"'{Path}' has been cut while it was read.");
            }

            return bytes;
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    /// <summary>What stands there will be read soon.</summary>
    internal void Announce(long offset, long length) => FileHints.WillBeRead(_handle, offset, length);

    public void Dispose() => _handle.Dispose();

    private List<PackEntry>? Footer()
    {
        Span<byte> trailer = stackalloc byte[PackFormat.TrailerLength];
        if (
            Length < PackFormat.HeaderLength + trailer.Length
            || ReadUpTo(Length - trailer.Length, trailer) < trailer.Length
        )
        {
            return null;
        }

        var length = PackFormat.FooterLength(trailer);
        if (length < 0 || length > Length - PackFormat.HeaderLength || length > Array.MaxLength)
        {
            return null;
        }

        using var footer = Read(Length - length, (int)length);
        return PackFormat.ReadFooter(footer.Span, Length);
    }

    // Block after block; where none stands, on to the next byte from which a header with a right checksum can be read.
    private List<PackEntry> Scan()
    {
        var entries = new List<PackEntry>();
        var window = ArrayPool<byte>.Shared.Rent(ScanWindow);
        try
        {
            long offset = 0;
            while (offset + BlockHeader.Length <= Length)
            {
                var bytes = window.AsSpan(0, ReadUpTo(offset, window.AsSpan(0, ScanWindow)));
                var step = FirstHeader(bytes, out var header);
                if (header is not { } found)
                {
                    offset += Math.Max(1, bytes.Length - BlockHeader.Length + 1);
                    continue;
                }

                offset += step;
                if (offset + found.StoredLength > Length)
                {
                    offset++;
                    continue;
                }

                entries.Add(new PackEntry(found.Id, offset, found.StoredLength, found.RawLength));
                offset += PayloadFits(offset, found) ? found.StoredLength : BlockHeader.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(window);
        }

        return entries;
    }

    private bool PayloadFits(long offset, BlockHeader header)
    {
        using var payload = Read(offset + BlockHeader.Length, header.PayloadLength);
        return Crc32C.Of(payload.Span) == header.PayloadCrc;
    }

    private static int FirstHeader(ReadOnlySpan<byte> bytes, out BlockHeader? header)
    {
        ReadOnlySpan<byte> magic = "BKBL"u8;
        for (var at = 0; at + BlockHeader.Length <= bytes.Length; at++)
        {
            var next = bytes[at..].IndexOf(magic);
            if (next < 0)
            {
                break;
            }

            at += next;
            if (BlockHeader.TryRead(bytes[at..], out var found))
            {
                header = found;
                return at;
            }
        }

        header = null;
        return 0;
    }

    private int ReadUpTo(long offset, Span<byte> into)
    {
        var total = 0;
        while (total < into.Length)
        {
            var read = RandomAccess.Read(_handle, into[total..], offset + total);
            if (read == 0)
            {
                break;
            }

            total += read;
        }

        return total;
    }
}

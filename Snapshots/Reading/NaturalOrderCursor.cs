using System.Buffers.Binary;

namespace Backup.Snapshots.Reading;

/// <summary>
/// The documents of a capped collection in natural order, without those that it has overwritten. They are sorted by ordinal in bounded memory:
/// what does not fit goes through temporary files that vanish when they are closed.
/// </summary>
internal sealed class NaturalOrderCursor(
    MergingCursor documents,
    CappedLimits limits,
    int memoryBytes = 32 * 1024 * 1024
) : DocumentCursor
{
    private readonly List<OrdinalRun> _runs = [];
    private readonly PriorityQueue<OrdinalRun, ulong> _lowest = new();
    private OrdinalRun? _current;
    private long _documents;
    private long _bytes;
    private bool _sorted;

    public override ReadOnlyMemory<byte> Current => _current!.Document;

    public override async ValueTask<bool> MoveNextAsync(CancellationToken cancellation = default)
    {
        if (!_sorted)
        {
            await SortAsync(cancellation);
            _sorted = true;
        }

        while (true)
        {
            if (_current is not null && _current.MoveNext())
            {
                _lowest.Enqueue(_current, _current.Ordinal);
            }

            if (!_lowest.TryDequeue(out _current, out _))
            {
                return false;
            }

            var isOverwritten = _documents > limits.MaxDocuments || _bytes > limits.MaxBytes;
            _documents--;
            _bytes -= _current.Document.Length;
            if (!isOverwritten)
            {
                return true;
            }
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await documents.DisposeAsync();
        foreach (var run in _runs)
        {
            run.Dispose();
        }
    }

    private async ValueTask SortAsync(CancellationToken cancellation)
    {
        var run = new OrdinalRun();
        _runs.Add(run);
        while (await documents.MoveNextAsync(cancellation))
        {
            if (run.Bytes >= memoryBytes)
            {
                run.SpillSorted();
                run = new OrdinalRun();
                _runs.Add(run);
            }

            _documents++;
            _bytes += documents.Current.Length;
            run.Add(documents.Ordinal, documents.Current.Span);
        }

        run.Sort();
        foreach (var sorted in _runs)
        {
            if (sorted.MoveNext())
            {
                _lowest.Enqueue(sorted, sorted.Ordinal);
            }
        }
    }
}

/// <summary>Documents with ordinals, sorted: in memory, or in a temporary file.</summary>
internal sealed class OrdinalRun : IDisposable
{
    private const int HeaderLength = 12;

    private readonly List<(ulong Ordinal, byte[] Document)> _items = [];
    private FileStream? _file;
    private int _next;

    internal long Bytes { get; private set; }

    internal ulong Ordinal { get; private set; }

    internal ReadOnlyMemory<byte> Document { get; private set; }

    internal void Add(ulong ordinal, ReadOnlySpan<byte> document)
    {
        _items.Add((ordinal, document.ToArray()));
        Bytes += document.Length + 64;
    }

    internal void Sort() => _items.Sort(static (left, right) => left.Ordinal.CompareTo(right.Ordinal));

    internal void SpillSorted()
    {
        Sort();
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.DeleteOnClose,
            BufferSize = 128 * 1024,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var path = Path.Combine(Path.GetTempPath(), $"backup-sort-{Guid.NewGuid():n}");
        _file = new FileStream(path, options);
        if (!OperatingSystem.IsWindows())
        {
            // Without its name the documents in it vanish with the process, however that ends.
            File.Delete(path);
        }

        Span<byte> header = stackalloc byte[HeaderLength];
        foreach (var (ordinal, document) in _items)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(header, ordinal);
            BinaryPrimitives.WriteInt32LittleEndian(header[8..], document.Length);
            _file.Write(header);
            _file.Write(document);
        }

        _items.Clear();
        _file.Position = 0;
    }

    internal bool MoveNext() => _file is null ? MoveNextInMemory() : MoveNextInFile(_file);

    public void Dispose() => _file?.Dispose();

    private bool MoveNextInMemory()
    {
        if (_next == _items.Count)
        {
            return false;
        }

        (Ordinal, var document) = _items[_next++];
        Document = document;
        return true;
    }

    private bool MoveNextInFile(FileStream file)
    {
        Span<byte> header = stackalloc byte[HeaderLength];
        if (file.Position == file.Length)
        {
            return false;
        }

        file.ReadExactly(header);
        Ordinal = BinaryPrimitives.ReadUInt64LittleEndian(header);
        var document = new byte[BinaryPrimitives.ReadInt32LittleEndian(header[8..])];
        file.ReadExactly(document);
        Document = document;
        return true;
    }
}

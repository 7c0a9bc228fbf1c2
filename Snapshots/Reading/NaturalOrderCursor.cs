using System.Buffers.Binary;
using Backup.Foundation.Errors;
using Backup.Foundation.Files;

namespace Backup.Snapshots.Reading;

/// <summary>
/// The documents of a capped collection in natural order, without those that it has overwritten. They are sorted by ordinal in bounded memory:
/// what does not fit goes through temporary files that vanish when they are closed. So many of them become one: few are open, however large the collection is.
/// </summary>
/// <param name="documents">In order of their <c>_id</c>s.</param>
/// <param name="limits">What the collection holds.</param>
/// <param name="space">Where to.</param>
internal sealed class NaturalOrderCursor(MergingCursor documents, CappedLimits limits, SortSpace space) : DocumentCursor
{
    private const int MostFiles = 32;

    // By how often their documents were merged.
    private readonly List<List<OrdinalRun>> _files = [];
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
        foreach (var run in _files.SelectMany(static level => level))
        {
            run.Dispose();
        }
    }

    private async ValueTask SortAsync(CancellationToken cancellation)
    {
        var run = new OrdinalRun();
        while (await documents.MoveNextAsync(cancellation))
        {
            if (run.Bytes >= space.MemoryBytes)
            {
                Keep(run.Sorted(space.Folder), level: 0, cancellation);
                run = new OrdinalRun();
            }

            _documents++;
            _bytes += documents.Current.Length;
            run.Add(documents.Ordinal, documents.Current.Span);
        }

        run.Sort();
        foreach (var sorted in _files.SelectMany(static level => level).Append(run))
        {
            if (sorted.MoveNext())
            {
                _lowest.Enqueue(sorted, sorted.Ordinal);
            }
        }
    }

    private void Keep(OrdinalRun file, int level, CancellationToken cancellation)
    {
        if (_files.Count == level)
        {
            _files.Add([]);
        }

        var files = _files[level];
        files.Add(file);
        if (files.Count < MostFiles)
        {
            return;
        }

        var merged = OrdinalRun.Merge(files, space.Folder, cancellation);
        files.ForEach(static one => one.Dispose());
        files.Clear();
        Keep(merged, level + 1, cancellation);
    }
}

/// <summary>Room for sorting.</summary>
/// <param name="Folder">Of temporary files, which have no names and vanish when they are closed; made where it is not there.</param>
/// <param name="MemoryBytes">Of documents in memory, about, for each collection that is read.</param>
public sealed record SortSpace(string Folder, int MemoryBytes = 32 * 1024 * 1024);

/// <summary>Documents with ordinals, sorted: in memory, or in a temporary file.</summary>
internal sealed class OrdinalRun : IDisposable
{
    private const int HeaderLength = 12;
    private const int BufferLength = 128 * 1024;

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

    /// <summary>The same in a temporary file.</summary>
    /// <exception cref="BackupException">4015.</exception>
    internal OrdinalRun Sorted(string folder)
    {
        Sort();
        return Filled(
            folder,
            write =>
            {
                foreach (var (ordinal, document) in _items)
                {
                    write(ordinal, document);
                }
            }
        );
    }

    /// <summary>Several, of which nothing was read, as one in a temporary file.</summary>
    /// <exception cref="BackupException">4015.</exception>
    internal static OrdinalRun Merge(IReadOnlyList<OrdinalRun> runs, string folder, CancellationToken cancellation) =>
        Filled(
            folder,
            write =>
            {
                var lowest = new PriorityQueue<OrdinalRun, ulong>();
                foreach (var run in runs)
                {
                    Follow(run);
                }

                while (lowest.TryDequeue(out var next, out var ordinal))
                {
                    cancellation.ThrowIfCancellationRequested();
                    write(ordinal, next.Document);
                    Follow(next);
                }

                void Follow(OrdinalRun run)
                {
                    if (run.MoveNext())
                    {
                        lowest.Enqueue(run, run.Ordinal);
                    }
                }
            }
        );

    private static OrdinalRun Filled(string folder, Action<Action<ulong, ReadOnlyMemory<byte>>> fill)
    {
        var run = new OrdinalRun();
        try
        {
            var file = run._file = Open(folder);
            var header = new byte[HeaderLength];
            fill(
                (ordinal, document) =>
                {
                    BinaryPrimitives.WriteUInt64LittleEndian(header, ordinal);
                    BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), document.Length);
                    file.Write(header);
                    file.Write(document.Span);
                }
            );
            file.Flush();
            file.Position = 0;
            return run;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            run.Dispose();
            throw SnapshotsErrors.Sort(folder, failure);
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    private static FileStream Open(string folder)
    {
        DurableFile.CreateFolder(folder);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.DeleteOnClose,
            BufferSize = BufferLength,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var path = Path.Combine(folder, $"sort-{Guid.NewGuid():n}");
        var file = new FileStream(path, options);
        if (!OperatingSystem.IsWindows())
        {
            // Without its name the documents in it vanish with the process, however that ends.
            File.Delete(path);
        }

        return file;
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

using System.Buffers.Binary;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Spilling;

/// <summary>Documents in their order, in a file: written once, then read once.</summary>
internal sealed class SortedRun : IDisposable
{
    private readonly SpillSpace _space;
    private readonly FileStream _file;
    private long _length;

    private SortedRun(SpillSpace space) => (_space, _file) = (space, space.Open());

    /// <exception cref="QueryException">2605, 2606</exception>
    internal static SortedRun Write(SpillSpace space, IEnumerable<BsonDocument> documents)
    {
        var run = new SortedRun(space);
        try
        {
            foreach (var document in documents)
            {
                space.Take(document.Length);
                run._length += document.Length;
                space.Try(() =>
                {
                    run._file.Write(document.Span);
                    return true;
                });
            }

            space.Try(() => run._file.Seek(0, SeekOrigin.Begin));
            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    /// <summary>The next one; null where there is none.</summary>
    /// <exception cref="QueryException">2605</exception>
    internal BsonDocument? Next() => _file.Position == _length ? null : _space.Try<BsonDocument?>(Read);

    public void Dispose()
    {
        try
        {
            _file.Dispose();
        }
        catch (IOException)
        {
            // What could not be written any more is not wanted either.
        }

        _space.GiveBack(_length);
        _length = 0;
    }

    private BsonDocument? Read()
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        _file.ReadExactly(length);
        var bytes = new byte[BinaryPrimitives.ReadInt32LittleEndian(length)];
        length.CopyTo(bytes);
        _file.ReadExactly(bytes.AsSpan(sizeof(int)));
        return new BsonDocument(bytes);
    }
}

using System.Buffers.Binary;
using System.Text;
using Backup.Daemon.Clusters;
using Backup.Foundation.Streams;

namespace Backup.Cli.Control;

/// <summary>
/// Several files in one stream of which nobody knows the lengths beforehand: for each its name (two bytes of length, UTF-8), then chunks (four bytes of length,
/// little-endian, and as many), then a chunk of length 0; at the end of all a name of length 0. Spoken between a command and its appliance alone.
/// </summary>
internal sealed class FileFrameWriter(Stream output) : IFileSink
{
    public async Task AddAsync(string name, Func<Stream, Task> write, CancellationToken cancellation)
    {
        var utf8 = Encoding.UTF8.GetBytes(name);
        var head = new byte[2 + utf8.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(head, checked((ushort)utf8.Length));
        utf8.CopyTo(head, 2);
        await output.WriteAsync(head, cancellation);
        await using (var chunks = new BufferedStream(new Chunks(output), 128 * 1024))
        {
            await write(chunks);
        }

        await output.WriteAsync(new byte[4], cancellation);
    }

    internal ValueTask EndAsync(CancellationToken cancellation) => output.WriteAsync(new byte[2], cancellation);

    private sealed class Chunks(Stream output) : WriteOnlyStream
    {
        private readonly byte[] _length = new byte[4];

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (buffer.Length > 0)
            {
                BinaryPrimitives.WriteInt32LittleEndian(_length, buffer.Length);
                output.Write(_length);
                output.Write(buffer);
            }
        }

        public override async ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer,
            CancellationToken cancellationToken = default
        )
        {
            if (buffer.Length > 0)
            {
                BinaryPrimitives.WriteInt32LittleEndian(_length, buffer.Length);
                await output.WriteAsync(_length, cancellationToken);
                await output.WriteAsync(buffer, cancellationToken);
            }
        }

        public override void Flush() => output.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);
    }
}

/// <summary>Reads what <see cref="FileFrameWriter"/> writes.</summary>
internal static class FileFrameReader
{
    private const int LongestChunk = 16 * 1024 * 1024;

    /// <param name="input">The stream.</param>
    /// <param name="create">Makes the file of a name.</param>
    /// <param name="progress">Told of bytes received.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="EndOfStreamException">It was cut off.</exception>
    internal static async Task ReadAsync(
        Stream input,
        Func<string, Stream> create,
        Action<long> progress,
        CancellationToken cancellation
    )
    {
        var (received, buffer) = (0L, new byte[256 * 1024]);
        while (true)
        {
            await input.ReadExactlyAsync(buffer.AsMemory(0, 2), cancellation);
            var length = BinaryPrimitives.ReadUInt16LittleEndian(buffer);
            if (length == 0)
            {
                return;
            }

            await input.ReadExactlyAsync(buffer.AsMemory(0, length), cancellation);
            await using var file = create(Encoding.UTF8.GetString(buffer, 0, length));
            while (true)
            {
                await input.ReadExactlyAsync(buffer.AsMemory(0, 4), cancellation);
                var left = BinaryPrimitives.ReadInt32LittleEndian(buffer);
                if (left == 0)
                {
                    break;
                }

                if (left is < 0 or > LongestChunk)
                {
                    throw CliErrors.Damaged($"a piece of {left} bytes");
                }

                while (left > 0)
                {
                    var read = Math.Min(left, buffer.Length);
                    await input.ReadExactlyAsync(buffer.AsMemory(0, read), cancellation);
                    await file.WriteAsync(buffer.AsMemory(0, read), cancellation);
                    left -= read;
                    progress(received += read);
                }
            }
        }
    }
}

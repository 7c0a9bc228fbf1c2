using System.Security.Cryptography;
using Backup.BackupHttpServer.Limits;
using Backup.Foundation.Compression;
using Backup.Foundation.Errors;
using Backup.Foundation.Memory;
using Microsoft.AspNetCore.Http;

namespace Backup.BackupHttpServer.Slices;

/// <summary>
/// A slice's bytes, wholly received and proven: as long as announced, zstd of the announced raw length, with the announced hash.
/// Holds its share of the memory budget until it is disposed.
/// </summary>
internal sealed class SliceBody : IDisposable
{
    private readonly IDisposable _share;
    private readonly NativeBuffer _stored;
    private readonly NativeBuffer _raw;

    private SliceBody(IDisposable share, NativeBuffer stored, NativeBuffer raw)
    {
        _share = share;
        _stored = stored;
        _raw = raw;
    }

    /// <summary>The frame as it came.</summary>
    public ReadOnlyMemory<byte> Stored => _stored.Memory;

    /// <summary>BSON documents one after another, not yet checked.</summary>
    public ReadOnlySpan<byte> Raw => _raw.GetSpan();

    /// <exception cref="BackupException">8008, 8041, 8044 not now, 8009 cut, 8010 hash, 8011 frame, 8022 too slow.</exception>
    public static async Task<SliceBody> ReceiveAsync(HttpRequest request, SliceHeaders headers, SliceBudget budget)
    {
        var share = budget.Take(request.HttpContext, (long)headers.StoredLength + headers.RawLength);
        var body = new SliceBody(share, new NativeBuffer(headers.StoredLength), new NativeBuffer(headers.RawLength));
        try
        {
            await FillAsync(request, body._stored.Memory);
            Unpack(body._stored.GetSpan(), body._raw.GetSpan(), headers.Sha256);
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _stored.Free();
        _raw.Free();
        _share.Dispose();
    }

    private static async Task FillAsync(HttpRequest request, Memory<byte> target)
    {
        var filled = 0;
        try
        {
            while (filled < target.Length)
            {
                filled += await Bodies.ReadAsync(
                    request.HttpContext,
                    cancellation => ReadAsync(request.Body, target[filled..], cancellation)
                );
            }
        }
        catch (BadHttpRequestException ended) when (ended.StatusCode == StatusCodes.Status400BadRequest)
        {
            throw BackupHttpServerErrors.Cut(target.Length, filled);
        }
    }

    /// <summary>Reads something: the web server says by itself where a body ends before its announced length.</summary>
    private static async ValueTask<int> ReadAsync(Stream body, Memory<byte> into, CancellationToken cancellation)
    {
        var read = await body.ReadAsync(into, cancellation);
        return read > 0 ? read : throw new BadHttpRequestException("The body ended.");
    }

    private static void Unpack(ReadOnlySpan<byte> stored, Span<byte> raw, ReadOnlySpan<byte> wanted)
    {
        try
        {
            Zstd.Decompress(stored, raw);
        }
        catch (BackupException damaged) when (damaged.Number == FoundationErrors.ZstdFailed)
        {
            throw BackupHttpServerErrors.BadFrame(damaged);
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(raw, hash);
        if (!CryptographicOperations.FixedTimeEquals(hash, wanted))
        {
            throw BackupHttpServerErrors.BadHash();
        }
    }
}

using System.Net;
using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;

namespace Backup.Blockstore.S3;

/// <summary>A bucket of any service that speaks S3.</summary>
internal sealed class S3Blobs : IBlobs, IDisposable
{
    private const int DeletedAtOnce = 1000;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly S3StoreOptions _options;
    private readonly AmazonS3Client _client;
    private readonly string _before;

    internal S3Blobs(S3StoreOptions options)
    {
        _options = options;
        _client = S3Clients.Make(options);
        _before = options.Prefix.Length > 0 ? options.Prefix + '/' : "";
        Name = $"s3://{options.Bucket}/{options.Prefix}";
    }

    public string Name { get; }

    public Task<bool> TryCreateAsync(
        string key,
        ReadOnlyMemory<byte> content,
        bool isLocked,
        CancellationToken cancellation
    ) =>
        RetryAsync(
            key,
            async () =>
            {
                try
                {
                    await SendAsync(key, content, isCreated: true, isLocked, cancellation);
                    return true;
                }
                catch (AmazonS3Exception there) when (there.StatusCode == HttpStatusCode.PreconditionFailed)
                {
                    using var written = await TryGetAsync(key, range: null, cancellation);
                    return written is not null && written.Span.SequenceEqual(content.Span);
                }
            },
            cancellation
        );

    public Task PutAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        RetryAsync(
            key,
            async () =>
            {
                await SendAsync(key, content, isCreated: false, isLocked: false, cancellation);
                return true;
            },
            cancellation
        );

    public Task<PooledBytes?> GetAsync(string key, CancellationToken cancellation) =>
        RetryAsync(key, () => TryGetAsync(key, range: null, cancellation), cancellation);

    public Task<PooledBytes?> GetAsync(string key, long offset, int length, CancellationToken cancellation) =>
        RetryAsync(key, () => TryGetAsync(key, new ByteRange(offset, offset + length - 1), cancellation), cancellation);

    public Task<bool> HasAsync(string key, CancellationToken cancellation) =>
        RetryAsync(
            key,
            async () =>
            {
                try
                {
                    var request = new GetObjectMetadataRequest { BucketName = _options.Bucket, Key = _before + key };
                    await _client.GetObjectMetadataAsync(request, cancellation);
                    return true;
                }
                catch (AmazonS3Exception none) when (none.StatusCode == HttpStatusCode.NotFound)
                {
                    return false;
                }
            },
            cancellation
        );

    public async Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancellation)
    {
        foreach (var some in keys.Chunk(DeletedAtOnce))
        {
            await RetryAsync(
                some[0],
                async () =>
                {
                    var request = new DeleteObjectsRequest
                    {
                        BucketName = _options.Bucket,
                        Objects = [.. some.Select(key => new KeyVersion { Key = _before + key })],
                        Quiet = true,
                    };
                    await _client.DeleteObjectsAsync(request, cancellation);
                    return true;
                },
                cancellation
            );
        }
    }

    public async IAsyncEnumerable<BlobEntry> ListAsync(
        string prefix,
        int most,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        var next = default(string);
        do
        {
            var from = next;
            var left = Math.Min(most, 1000);
            var page = await RetryAsync(
                prefix,
                () =>
                    _client.ListObjectsV2Async(
                        new ListObjectsV2Request
                        {
                            BucketName = _options.Bucket,
                            Prefix = _before + prefix,
                            MaxKeys = left,
                            ContinuationToken = from,
                        },
                        cancellation
                    ),
                cancellation
            );
            foreach (var one in page.S3Objects ?? [])
            {
                yield return new BlobEntry(one.Key[_before.Length..], one.Size ?? 0);
                most--;
            }

            next = page.IsTruncated == true ? page.NextContinuationToken : null;
        } while (next is not null && most > 0);
    }

    public void Dispose() => _client.Dispose();

    private async Task SendAsync(
        string key,
        ReadOnlyMemory<byte> content,
        bool isCreated,
        bool isLocked,
        CancellationToken cancellation
    )
    {
        if (content.Length > _options.PartBytes)
        {
            await SendInPartsAsync(key, content, isCreated, isLocked, cancellation);
            return;
        }

        using var body = new ReadOnlyMemoryStream(content);
        var request = new PutObjectRequest
        {
            BucketName = _options.Bucket,
            Key = _before + key,
            InputStream = body,
            AutoCloseStream = false,
            UseChunkEncoding = false,
            IfNoneMatch = isCreated ? "*" : null,
        };
        if (isLocked && LockedUntil() is { } until)
        {
            request.ObjectLockMode = ObjectLockMode.Compliance;
            request.ObjectLockRetainUntilDate = until;
        }

        await _client.PutObjectAsync(request, cancellation);
    }

    private async Task SendInPartsAsync(
        string key,
        ReadOnlyMemory<byte> content,
        bool isCreated,
        bool isLocked,
        CancellationToken cancellation
    )
    {
        var begin = new InitiateMultipartUploadRequest { BucketName = _options.Bucket, Key = _before + key };
        if (isLocked && LockedUntil() is { } until)
        {
            begin.ObjectLockMode = ObjectLockMode.Compliance;
            begin.ObjectLockRetainUntilDate = until;
        }

        var upload = (await _client.InitiateMultipartUploadAsync(begin, cancellation)).UploadId;
        try
        {
            var parts = new List<PartETag>();
            for (var at = 0; at < content.Length; at += _options.PartBytes)
            {
                using var body = new ReadOnlyMemoryStream(
                    content.Slice(at, Math.Min(_options.PartBytes, content.Length - at))
                );
                var request = new UploadPartRequest
                {
                    BucketName = _options.Bucket,
                    Key = _before + key,
                    UploadId = upload,
                    PartNumber = parts.Count + 1,
                    InputStream = body,
                    UseChunkEncoding = false,
                };
                parts.Add(
                    new PartETag(request.PartNumber.Value, (await _client.UploadPartAsync(request, cancellation)).ETag)
                );
            }

            await _client.CompleteMultipartUploadAsync(
                new CompleteMultipartUploadRequest
                {
                    BucketName = _options.Bucket,
                    Key = _before + key,
                    UploadId = upload,
                    PartETags = parts,
                    IfNoneMatch = isCreated ? "*" : null,
                },
                cancellation
            );
        }
        catch
        {
            await AbandonAsync(key, upload);
            throw;
        }
    }

    /// <summary>What was sent in parts costs money until it is abandoned; a rule of the bucket does it where this one cannot.</summary>
    private async Task AbandonAsync(string key, string upload)
    {
        try
        {
            await _client.AbortMultipartUploadAsync(_options.Bucket, _before + key, upload, CancellationToken.None);
        }
        catch (Exception failure) when (failure is AmazonS3Exception or HttpRequestException or IOException)
        {
            // As said.
        }
    }

    private DateTime? LockedUntil() =>
        _options.LockFor is { } time ? (_options.Sharing.Time.GetUtcNow() + time).UtcDateTime : null;

    private async Task<PooledBytes?> TryGetAsync(string key, ByteRange? range, CancellationToken cancellation)
    {
        try
        {
            var request = new GetObjectRequest
            {
                BucketName = _options.Bucket,
                Key = _before + key,
                ByteRange = range,
            };
            using var reply = await _client.GetObjectAsync(request, cancellation);
            var content = new PooledBytes(checked((int)reply.ContentLength));
            try
            {
                await reply.ResponseStream.ReadExactlyAsync(content.Memory, cancellation);
                return content;
            }
            catch
            {
                content.Dispose();
                throw;
            }
        }
        catch (AmazonS3Exception none)
            when (none.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            return null;
        }
    }

    private async Task<T> RetryAsync<T>(string key, Func<Task<T>> run, CancellationToken cancellation)
    {
        var time = _options.Sharing.Time;
        var started = time.GetTimestamp();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await run();
            }
            catch (Exception failure) when (S3Clients.IsOfService(failure))
            {
                if (!S3Clients.IsWorthATry(failure) || time.GetElapsedTime(started) >= _options.GiveUpAfter)
                {
                    throw BlockstoreErrors.Refused(
                        Name,
                        $"{failure.Message} ({key})",
                        S3Clients.IsWorthATry(failure),
                        failure
                    );
                }

                var pause = TimeSpan.FromMilliseconds(100 * (1 << Math.Min(attempt, 6)));
                pause = pause < LongestPause ? pause : LongestPause;
                await Task.Delay(pause * (0.5 + (Random.Shared.NextDouble() / 2)), time, cancellation);
            }
        }
    }
}

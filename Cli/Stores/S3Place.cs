using System.Globalization;
using Backup.Blockstore.S3;
using Backup.Blockstore.Sealing;
using Backup.Blockstore.Shared;

namespace Backup.Cli.Stores;

/// <summary>Blocks and slices in a bucket of a service that speaks S3, which any number of processes share.</summary>
/// <param name="Name">Of the store.</param>
/// <param name="Options">Where it is.</param>
internal sealed record S3Place(string Name, S3StoreOptions Options) : StorePlace(Name)
{
    private const string Scheme = "s3://";

    internal override string Kind => "s3";

    internal override string Where => Options.ToString();

    internal override bool IsShared => true;

    /// <summary>
    /// Reads <c>s3://BUCKET/PREFIX?endpoint=URL&amp;region=R&amp;key=K&amp;secret=S&amp;ca=FILE&amp;lock_days=N&amp;paths=BOOL</c>; everything behind the bucket may be left out.
    /// </summary>
    /// <exception cref="Foundation.Errors.BackupException">9750 where it cannot be read; the text is not told again, since it may hold a key.</exception>
    internal static S3Place Read(string name, string text)
    {
        var question = text.IndexOf('?', StringComparison.Ordinal);
        var path = text[Scheme.Length..(question < 0 ? text.Length : question)];
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        var bucket = slash < 0 ? path : path[..slash];
        if (bucket.Length < 3 || !bucket.All(static one => char.IsAsciiLetterOrDigit(one) || one is '-' or '.'))
        {
            throw CliErrors.StoreAddress(name, "it names no bucket");
        }

        var options = new S3StoreOptions { Bucket = bucket, Prefix = slash < 0 ? "" : path[(slash + 1)..].Trim('/') };
        foreach (var pair in question < 0 ? [] : text[(question + 1)..].Split('&'))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            options =
                equals > 0
                    ? With(name, options, pair[..equals], Uri.UnescapeDataString(pair[(equals + 1)..]))
                    : throw CliErrors.StoreAddress(name, "behind the question mark stand pairs NAME=VALUE");
        }

        return (options.AccessKey is null) == (options.SecretKey is null)
            ? new S3Place(name, options)
            : throw CliErrors.StoreAddress(name, "'key' and 'secret' come together or not at all");
    }

    internal override async Task<OpenBlocks> OpenBlocksAsync(
        ISealingKeys keys,
        IPublicationFence? fence,
        CancellationToken cancellation
    )
    {
        var store = await S3BlockStore.OpenAsync(
            Options with
            {
                Keys = keys,
                Sharing = Options.Sharing with { Fence = fence },
            },
            cancellation
        );
        return new OpenBlocks(store, () => store.HasStopped);
    }

    internal override async Task<OpenObjects> OpenObjectsAsync(CancellationToken cancellation)
    {
        var store = await S3ObjectStore.OpenAsync(Options, cancellation);
        return new OpenObjects(store, new Closing(store));
    }

    private static S3StoreOptions With(string store, S3StoreOptions options, string option, string value) =>
        option switch
        {
            "endpoint"
                when Uri.TryCreate(value, UriKind.Absolute, out var endpoint) && endpoint.Scheme is "https" or "http" =>
                options with
                {
                    Endpoint = endpoint,
                },
            "region" when value.Length > 0 => options with { Region = value },
            "key" when value.Length > 0 => options with { AccessKey = value },
            "secret" when value.Length > 0 => options with { SecretKey = value },
            "ca" when value.Length > 0 => options with { CertificateAuthorities = value },
            "paths" when bool.TryParse(value, out var paths) => options with { UsesPaths = paths },
            "lock_days"
                when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var days)
                    && days is > 0 and <= 36500 => options with
            {
                LockFor = TimeSpan.FromDays(days),
            },
            "endpoint" or "region" or "key" or "secret" or "ca" or "paths" or "lock_days" =>
                throw CliErrors.StoreAddress(store, $"the value of '{option}' cannot be used"),
            _ => throw CliErrors.StoreAddress(store, $"there is no option '{option}'"),
        };

    private sealed class Closing(IDisposable closed) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            closed.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

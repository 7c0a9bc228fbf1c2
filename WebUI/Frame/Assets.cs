using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Backup.WebUI.Frame;

/// <summary>
/// The files of the pages, out of the assembly. Their path holds a hash of all of them: a browser keeps them for ever, and a new version of the
/// product has another path.
/// </summary>
internal sealed class Assets
{
    private const string Prefix = "assets/";
    private const string ShellName = "index.html";
    private const string Placeholder = "__ASSETS__";

    private static readonly FrozenDictionary<string, string> Types = new Dictionary<string, string>
    {
        [".js"] = "text/javascript; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".svg"] = "image/svg+xml",
        [".html"] = "text/html; charset=utf-8",
        [".json"] = "application/json",
        [".txt"] = "text/plain; charset=utf-8",
        [".png"] = "image/png",
    }.ToFrozenDictionary();

    private readonly FrozenDictionary<string, Asset> _files;
    private readonly Asset? _shell;

    public Assets()
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var assembly = typeof(Assets).Assembly;
        foreach (var name in assembly.GetManifestResourceNames())
        {
            if (name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                using var stream = assembly.GetManifestResourceStream(name)!;
                var bytes = new byte[stream.Length];
                stream.ReadExactly(bytes);
                files[name[Prefix.Length..].Replace('\\', '/')] = bytes;
            }
        }

        Hash = HashOf(files);
        if (files.Remove(ShellName, out var shell))
        {
            var text = Encoding.UTF8.GetString(shell).Replace(Placeholder, $"/assets/{Hash}", StringComparison.Ordinal);
            _shell = new Asset(Encoding.UTF8.GetBytes(text), Types[".html"]);
        }

        _files = files.ToFrozenDictionary(
            static one => one.Key,
            static one => new Asset(one.Value, Types[Path.GetExtension(one.Key)])
        );
    }

    /// <summary>In the path of each.</summary>
    public string Hash { get; }

    /// <summary>Every file's path below <c>/assets/HASH/</c>.</summary>
    public IEnumerable<string> Paths => _files.Keys;

    public Task FileAsync(HttpContext context, string path)
    {
        if (!_files.TryGetValue(path, out var file))
        {
            throw WebUIErrors.NoSuchRoute();
        }

        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return WriteAsync(context, file);
    }

    /// <summary>The same for every page: what it shows, its script finds out from the path.</summary>
    public Task ShellAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-cache";
        return WriteAsync(context, _shell ?? throw WebUIErrors.NoSuchRoute());
    }

    private static async Task WriteAsync(HttpContext context, Asset file)
    {
        var (request, response) = (context.Request, context.Response);
        response.ContentType = file.Type;
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        var body = file.Bytes;
        if (Accepts(request, "br"))
        {
            response.Headers.ContentEncoding = "br";
            body = file.Brotli.Value;
        }

        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(request.Method))
        {
            await response.Body.WriteAsync(body, context.RequestAborted);
        }
    }

    private static bool Accepts(HttpRequest request, string coding) =>
        request.GetTypedHeaders().AcceptEncoding.Any(one => one.Value == coding && one.Quality is null or > 0);

    private static string HashOf(SortedDictionary<string, byte[]> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, bytes) in files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}\0{bytes.Length}\0"));
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    private sealed class Asset(byte[] bytes, string type)
    {
        public byte[] Bytes { get; } = bytes;

        public string Type { get; } = type;

        /// <summary>Made once, when it is first asked for.</summary>
        public Lazy<byte[]> Brotli { get; } = new(() => Compress(bytes));

        private static byte[] Compress(byte[] bytes)
        {
            using var output = new MemoryStream();
            using (var brotli = new BrotliStream(output, CompressionLevel.Optimal))
            {
                brotli.Write(bytes);
            }

            return output.ToArray();
        }
    }
}

using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.BackupHttpServer.Install;

/// <summary>
/// The agent for hosts that have none yet, and the script that installs it there. Both are for everybody who can reach this server: they hold no secret. Who runs the
/// script has named this server's key, so that nobody in between can put another program into its place.
/// </summary>
/// <param name="program">The path of the agent; null: none is offered.</param>
/// <param name="pin">Of this server's key, as curl takes it.</param>
internal sealed partial class AgentInstaller(string? program, Func<string> pin) : IDisposable
{
    public const string ScriptPath = "/install/agent.sh";
    public const string ProgramPath = "/install/backup-agent";

    /// <summary>Downloads at the same time: more would take the network of the agents that work.</summary>
    private const int MostAtOnce = 4;

    private readonly SemaphoreSlim _room = new(MostAtOnce, MostAtOnce);
    private readonly Lazy<string> _sha256 = new(() => HashOf(program!));

    public void Map(IEndpointRouteBuilder routes)
    {
        _ = routes.MapGet(ScriptPath, ScriptAsync);
        _ = routes.MapGet(ProgramPath, ProgramAsync);
    }

    public void Dispose() => _room.Dispose();

    private Task ScriptAsync(HttpContext context)
    {
        RequireProgram();
        var server = context.Request.Host.Value ?? "";
        if (!HostName().IsMatch(server))
        {
            // It is written into a script.
            throw BackupHttpServerErrors.NoInstaller("the server's name in the request is none");
        }

        var script = Read("install-agent.sh")
            .Replace("@SERVER@", $"https://{server}", StringComparison.Ordinal)
            .Replace("@PIN@", pin(), StringComparison.Ordinal)
            .Replace("@SHA256@", _sha256.Value, StringComparison.Ordinal)
            .Replace("@UNIT@", Read("backup-agent.service").TrimEnd(), StringComparison.Ordinal);
        context.Response.ContentType = "text/x-shellscript; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(script, context.RequestAborted);
    }

    private async Task ProgramAsync(HttpContext context)
    {
        RequireProgram();
        if (!await _room.WaitAsync(TimeSpan.Zero, context.RequestAborted))
        {
            throw BackupHttpServerErrors.InstallersBusy();
        }

        try
        {
            await using var file = File.OpenRead(program!);
            context.Response.ContentType = "application/octet-stream";
            context.Response.ContentLength = file.Length;
            await file.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
        finally
        {
            _room.Release();
        }
    }

    private void RequireProgram()
    {
        if (program is null || !File.Exists(program))
        {
            throw BackupHttpServerErrors.NoInstaller("the program does not lie beside the appliance");
        }
    }

    private static string HashOf(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    private static string Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    /// <summary>A name or an address, and perhaps a port: nothing that a shell reads otherwise.</summary>
    [GeneratedRegex(@"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex HostName();
}

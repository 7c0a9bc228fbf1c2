using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary>
/// <c>backup ssh targets add NAME --host USER@HOST[:PORT] --folder PATH</c>: asks the host for its key, and pins it only once somebody says that it is the
/// right one: by <c>--host-key</c>, or by typing yes.
/// </summary>
internal static class SshTargetAdd
{
    internal const string PasswordVariable = "BACKUP_SSH_PASSWORD";

    internal static Command Create()
    {
        var host = new Option<string>("--host")
        {
            Description = "Who logs in where",
            HelpName = "USER@HOST[:PORT]",
            Required = true,
        };
        var folder = new Option<string>("--folder")
        {
            Description = "The folder there: absolute, or from where a login begins; it must be there",
            HelpName = "PATH",
            Required = true,
        };
        var key = new Option<string?>("--key")
        {
            Description = "The key that opens it (backup ssh keys create)",
            HelpName = "KEY",
        };
        var passwordFile = new Option<string?>("--password-file")
        {
            Description = $"A file with the password in its first line (or the variable {PasswordVariable})",
            HelpName = "PATH",
        };
        var hostKey = new Option<string?>("--host-key")
        {
            Description =
                "The host's fingerprint, as 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub' prints it there",
            HelpName = "SHA256:…",
        };
        return SharedOptions.Command(
            "add",
            "Add a host and folder to push to",
            SshCommands.Name("TARGET", "A name for it"),
            [host, folder, key, passwordFile, hostKey],
            (parsed, choice, name, json, cancellation) =>
                RunAsync(
                    choice,
                    new SshTargetRequest(
                        name,
                        parsed.GetRequiredValue(host),
                        parsed.GetRequiredValue(folder),
                        "",
                        parsed.GetValue(key),
                        parsed.GetValue(key) is null ? Password(parsed.GetValue(passwordFile)) : null
                    ),
                    parsed.GetValue(hostKey),
                    json,
                    cancellation
                )
        );
    }

    private static async Task<int> RunAsync(
        ApplianceChoice choice,
        SshTargetRequest request,
        string? fingerprint,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var shown = await appliance.Api.SshHostKeysAsync(request.Address, cancellation);
        var pinned = fingerprint is null
            ? Ask(request.Address, shown)
            : shown.FirstOrDefault(key => key.Fingerprint == fingerprint)
                ?? throw CliErrors.OtherHostKey(request.Address, fingerprint, Text(shown));
        var added = await appliance.Api.AddSshTargetAsync(request with { HostKey = pinned.Key }, cancellation);
        if (json)
        {
            Printer.Json(added);
            return ExitCodes.Ok;
        }

        SshCommands.Print(added);
        Console.Out.WriteLine($"Try it: backup ssh targets test {added.Name}");
        return ExitCodes.Ok;
    }

    /// <summary>Nobody can answer where the input is no terminal: then nothing is pinned.</summary>
    private static SshHostKeyView Ask(string address, IReadOnlyList<SshHostKeyView> shown)
    {
        if (Console.IsInputRedirected)
        {
            throw CliErrors.HostKeyUnconfirmed(address, Text(shown));
        }

        Console.Error.WriteLine($"{address} shows the host key {shown[0].Fingerprint} ({shown[0].Type}).");
        Console.Error.WriteLine(
            "Compare it with what the host's administrator says; a wrong one means that somebody stands between."
        );
        Console.Error.Write("Is it the right one? Type yes to pin it: ");
        return Console.In.ReadLine()?.Trim() == "yes"
            ? shown[0]
            : throw CliErrors.HostKeyUnconfirmed(address, Text(shown));
    }

    private static string Text(IReadOnlyList<SshHostKeyView> keys) =>
        string.Join(", ", keys.Select(static key => $"{key.Fingerprint} ({key.Type})"));

    private static string Password(string? file)
    {
        if (file is null)
        {
            return Environment.GetEnvironmentVariable(PasswordVariable) is { Length: > 0 } password
                ? password
                : throw CliErrors.NoSshLogin(PasswordVariable);
        }

        try
        {
            return File.ReadLines(file).FirstOrDefault() is { Length: > 0 } line
                ? line
                : throw CliErrors.Argument($"The file '{file}' is empty.", "Write the password into its first line.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw CliErrors.Argument(
                $"The password file cannot be read: {failure.Message}",
                "Give a file that you may read."
            );
        }
    }
}

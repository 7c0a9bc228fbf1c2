using System.CommandLine;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup appliance</c>: its version, certificates, daemons and stores.</summary>
internal static class ApplianceCommand
{
    internal static Command Create() =>
        SharedOptions.Command(
            "appliance",
            "Show the appliance itself: its version, certificates, daemons and stores",
            static (choice, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance => appliance.Api.ApplianceAsync(cancellation),
                    Print,
                    cancellation
                )
        );

    private static void Print(ApplianceView view)
    {
        var to = Console.Out;
        to.WriteLine($"version {view.Version}, running since {view.StartedAt:u}");
        if (view.Tls is { } tls)
        {
            to.WriteLine($"agents connect to {tls.Agents}");
            to.WriteLine($"  authority SHA-256 {tls.Authority}, until {tls.AuthorityUntil:u}");
            to.WriteLine($"  server    {tls.Pin}, until {tls.ServerUntil:u}");
            to.WriteLine($"  names     {(tls.Names.Count > 0 ? string.Join(", ", tls.Names) : "those of the host")}");
        }

        foreach (var one in view.Daemons)
        {
            DaemonsCommand.Print(one);
        }

        foreach (var one in view.Stores)
        {
            var room = one is { DiskBytes: { } disk, FreeBytes: { } free }
                ? $"; {Printer.Bytes(free)} of {Printer.Bytes(disk)} are free"
                : "";
            to.WriteLine(
                $"store {one.Name} ({one.Kind}) in {one.Place}: {one.Blocks} blocks, {Printer.Bytes(one.StoredBytes)}{room}"
            );
        }
    }
}

@echo off
rem SPDX-License-Identifier: LGPL-2.1-or-later
rem cmd's commands on links, in C:\nspa-links, which is empty; run.sh looks at what this says.
cd /d C:\nspa-links
echo start
mkdir dir dir\deep-one
echo inner> dir\inner
echo text> file
mklink link file
mklink /D dirlink dir
mklink /J junction dir
mklink /H hard file
mklink /J junction dir 2>nul
echo twice: %errorlevel%
mklink one 2>nul
echo usage: %errorlevel%
mklink /J self self >nul
echo itself: %errorlevel%
rmdir self
dir
dir /s /b | find "deep-one"
set /p text=<link
echo type: %text%

copy /y link copied >nul
set /p text=<copied
echo copy: %text%
copy /y /l link copied-link >nul
mkdir sub
mklink sub\link ..\file >nul
mklink /J sub\junction dir >nul
rem the copy is of what the links lead to
xcopy /s /i /y /q sub xcopied\sub >nul
mklink tomove file >nul
move tomove moved >nul

del link
if not exist link if exist file echo del: link gone, file there
mkdir other
echo victim> other\victim
mklink /J tother other >nul
del /q tother
if exist tother if not exist other\victim echo del junction: junction there, victim gone
rd tother
if not exist tother if exist other echo rd: junction gone, dir there
rd /s /q junction
if not exist junction if exist dir\inner echo rd /S: junction gone, inner there
mkdir tree\a\b
mklink /J tree\a\junction dir >nul
mklink /D tree\a\b\dirlink ..\..\..\dir >nul
mklink tree\link ..\file >nul
echo plain> tree\a\b\plain
attrib +r tree\a\b\plain
rd /s /q tree
if not exist tree if exist dir\inner if exist file echo tree: tree gone, inner there, file there
